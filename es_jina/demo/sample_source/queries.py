"""What is asked of the sample, written by hand, and what a page must show to answer it."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "one word", "synonym", "German", "Chinese", "colour and kind", "colour, kind and word",
    "two words", "text",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A query.

    Attributes:
        text: what is typed.
        language: of the text.
        kind: what makes it hard.
        concepts: English words of the concepts that a unit must show.
        answers: ids of the units that answer it, where no concept says so.
    """

    text: str
    language: Literal["en", "de", "zh"]
    kind: Kind
    concepts: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


QUERIES = (
    Asked("bread", "en", "one word", ("bread",)),
    Asked("insect", "en", "one word", ("insect",)),
    Asked("castle", "en", "one word", ("castle",)),
    Asked("customer", "en", "one word", ("customer",)),
    Asked("hospital", "en", "one word", ("hospital",)),
    Asked("teacher", "en", "one word", ("teacher",)),
    Asked("loaf", "en", "synonym", ("bread",)),
    Asked("woodland", "en", "synonym", ("forest",)),
    Asked("refrigerator", "en", "synonym", ("fridge",)),
    Asked("bike", "en", "synonym", ("bicycle",)),
    Asked("trash", "en", "synonym", ("garbage",)),
    Asked("film", "en", "synonym", ("movie",)),
    Asked("Wetter", "de", "German", ("weather",)),
    Asked("Kaffee", "de", "German", ("coffee",)),
    Asked("Schlaf", "de", "German", ("sleep",)),
    Asked("Brücke", "de", "German", ("bridge",)),
    Asked("Bericht über Regen", "de", "German", ("rain",)),
    Asked("was wissen wir über Preis?", "de", "German", ("price",)),
    Asked("森林", "zh", "Chinese", ("forest",)),
    Asked("咖啡", "zh", "Chinese", ("coffee",)),
    Asked("音乐会", "zh", "Chinese", ("concert",)),
    Asked("关于奶酪的报告", "zh", "Chinese", ("cheese",)),
    Asked("有关收获的页面", "zh", "Chinese", ("harvest",)),
    Asked("purple scatter chart", "en", "colour and kind", ("purple", "scatter")),
    Asked("pink line chart", "en", "colour and kind", ("pink", "line")),
    Asked("yellow flow chart", "en", "colour and kind", ("yellow", "flow")),
    Asked("red area chart", "en", "colour and kind", ("red", "area")),
    Asked("rosa Tabelle", "de", "colour and kind", ("pink", "table")),
    Asked("棕色地图", "zh", "colour and kind", ("brown", "map")),
    Asked("yellow pie chart about cheese", "en", "colour, kind and word",
          ("yellow", "pie", "cheese")),
    Asked("green bar chart of hospital", "en", "colour, kind and word",
          ("green", "bar", "hospital")),
    Asked("blue line chart fridge", "en", "colour, kind and word", ("blue", "line", "fridge")),
    Asked("orangefarbenes Liniendiagramm Fahrrad", "de", "colour, kind and word",
          ("orange", "line", "bicycle")),
    Asked("bread and cheese", "en", "two words", ("bread", "cheese")),
    Asked("school lunch", "en", "two words", ("school", "lunch")),
    Asked("doctor and nurse", "en", "two words", ("doctor", "nurse")),
    Asked("Berg und Teich", "de", "two words", ("mountain", "lake")),
    Asked("海岛 假期", "zh", "two words", ("island", "vacation")),
    Asked("red plaits made by two sisters from Ashby", "en", "text",
          answers=("food/street-market-2025.pdf#5",)),
    Asked("carding engine built in 1908", "en", "text", answers=("nature/farm-and-harvest.pdf#3",)),
    Asked("Wanderfalken brüten am Grenzweg", "de", "text",
          answers=("nature/Waldbericht-2025.pdf#5",)),
    Asked("台风停航九天", "zh", "text", answers=("travel/海岛假期.pdf#5", "travel/海岛假期.pdf#2")),
)  # fmt: skip
