"""The texts and charts of the pages with large words, a file for each deck."""

from es_jina.demo.sample_source.decks.concert_season import CONCERT_SEASON
from es_jina.demo.sample_source.decks.farm import FARM
from es_jina.demo.sample_source.decks.forest_report import FOREST_REPORT
from es_jina.demo.sample_source.decks.getting_about import GETTING_ABOUT
from es_jina.demo.sample_source.decks.hospital import HOSPITAL
from es_jina.demo.sample_source.decks.island import ISLAND
from es_jina.demo.sample_source.decks.kitchen_energy import KITCHEN_ENERGY
from es_jina.demo.sample_source.decks.posters import POSTERS
from es_jina.demo.sample_source.decks.school_year import SCHOOL_YEAR
from es_jina.demo.sample_source.decks.street_market import STREET_MARKET
from es_jina.demo.sample_source.decks.winter_collection import WINTER_COLLECTION

DECKS = (
    STREET_MARKET, GETTING_ABOUT, FOREST_REPORT, ISLAND, KITCHEN_ENERGY, SCHOOL_YEAR,
    CONCERT_SEASON, FARM, HOSPITAL, WINTER_COLLECTION, *POSTERS,
)  # fmt: skip
