from hypothesis import given
from hypothesis import strategies as st

from es_jina.server.web.kept import Kept

sizes = st.integers(0, 12)


@given(st.lists(st.tuples(st.integers(0, 5), sizes), max_size=40))
def test_no_more_bytes_are_kept_than_may_be(puts: list[tuple[int, int]]) -> None:
    kept: Kept[tuple[int, int]] = Kept(10)
    latest: list[int] = []
    for number, (key, size) in enumerate(puts):
        kept.put(key, (number, size), size)
        if size <= 10:
            latest = [*(each for each in latest if each != key), key]
            assert kept.get(key) == (number, size)
        held = [value for each in range(6) if (value := kept.get(each)) is not None]
        assert sum(size for _, size in held) <= 10
        for each in latest:  # what was looked at last is the last to go
            kept.get(each)


def test_the_least_used_goes_first() -> None:
    kept: Kept[str] = Kept(10)
    for key in "abc":
        kept.put(key, key, 3)
    assert kept.get("a") == "a"
    kept.put("d", "d", 4)
    assert [kept.get(key) for key in "abcd"] == ["a", None, "c", "d"]
    kept.put("e", "e", 11)
    assert kept.get("e") is None
    kept.put("a", "large", 10)
    assert [kept.get(key) for key in "abcd"] == ["large", None, None, None]
