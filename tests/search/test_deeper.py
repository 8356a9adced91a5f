"""The pages of one search lose nothing and repeat nothing, however each look orders it."""

from operator import attrgetter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from es_jina.search.candidates import Ranked
from es_jina.search.deeper import continued
from es_jina.search.hits import Hit


def hit(number: int) -> Hit:
    return Hit(f"{number}", 1.0, "", "", "page", None, None, None, "")


@settings(max_examples=40)
@given(
    there=st.integers(0, 150),
    window=st.integers(1, 40),
    size=st.integers(3, 60),
    seed=st.integers(0, 2**16),
)
def test_pages_are_parts_of_one_order(there: int, window: int, size: int, seed: int) -> None:
    def look(depth: int) -> Ranked:
        # What a deeper look has found is not even what the one before has found and more.
        numbers = Random(seed + depth).sample(range(there), min(depth, there))
        return Ranked([*map(hit, numbers)], more=len(numbers) == depth)

    def page(first: int) -> list[str]:
        needed = first + size
        hits = continued(look(window), window, needed, look, attrgetter("id"))
        return [each.id for each in hits[first:needed]]

    pages = [page(first) for first in range(0, there + size, size)]
    found = [ident for each in pages for ident in each]
    assert sorted(found) == sorted(map(str, range(there)))
    assert all(len(each) == size for each in pages[: there // size])
    assert found[: min(window, there)] == [each.id for each in look(window).hits]


def test_no_look_is_deeper_than_elasticsearch_shows() -> None:
    depths = []

    def look(depth: int) -> Ranked:
        depths.append(depth)
        return Ranked([hit(depth)], more=True)

    assert len(continued(look(300), 300, 50, look, attrgetter("id"))) == 4
    assert depths == [300, 1200, 4800, 10_000]
