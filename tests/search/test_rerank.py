"""The last stage: what a reranker is given of the hits, and where its scores put them."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from es_jina.elastic.bulk import Action
from es_jina.errors import ItemError, ProviderError, RequestError
from es_jina.inputs import Image, Input, Text
from es_jina.providers.base import Ranked
from es_jina.search.hits import Results
from es_jina.search.request import Mode
from es_jina.search.rerank import local_picture, most_read
from es_jina.search.searcher import Searcher
from tests.search.corpus import TEXTS, Build, teal

QUERY = Text("brown fox")


class ByLength:
    """Finds the shortest text the best; pictures are the worst, and it cannot read Japanese."""

    def __init__(self) -> None:
        self.asked: list[list[Input]] = []

    def rerank(
        self,
        query: Input,
        documents: Sequence[Input],
        *,
        top_n: int | None = None,
        truncate: bool = False,
    ) -> list[Ranked]:
        assert query is QUERY
        assert truncate
        self.asked.append([*documents])
        judged = [self._judged(place, document) for place, document in enumerate(documents)]
        return sorted(judged, key=lambda each: (each.error is not None, -each.score))

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    @staticmethod
    def _judged(place: int, document: Input) -> Ranked:
        if isinstance(document, Image):
            return Ranked(place, 0.0)
        if "日本" in document.text:
            return Ranked(place, 0.0, ItemError("no Japanese"))
        return Ranked(place, 1 / len(document.text))


class Broken(ByLength):
    def rerank(self, *_: Any, **__: Any) -> list[Ranked]:
        raise ProviderError("the reranker is away")


@pytest.fixture
def reranker() -> ByLength:
    return ByLength()


@pytest.fixture
def search(build: Build, reranker: ByLength) -> Callable[..., Results]:
    """Search the test's index, reranked."""
    searcher = with_reranker(build(), reranker)

    def searched(mode: str, **options: Any) -> Results:
        return searcher.search(QUERY, mode, rerank=True, **options)  # type: ignore[arg-type]

    return searched


def with_reranker(searcher: Searcher, reranker: ByLength) -> Searcher:
    searcher._reranker = reranker
    return searcher


def picture_document(path: Path, **source: Any) -> Action:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    told = {"uri": path.as_uri(), "sha256": digest, **source}
    return Action(path.name, {"source": told, "kind": "image", "title": "brown fox", "text": ""})


@pytest.mark.parametrize("mode", ["dense", "late", "hybrid"])
def test_the_rerankers_score_decides(
    search: Callable[..., Results], reranker: ByLength, mode: str
) -> None:
    results = search(mode)
    # The picture of that index has no file, and the Japanese text was refused.
    assert [hit.id for hit in results.hits[:3]] == ["cafe", "fox", "sun"]
    assert {hit.id for hit in results.hits[3:]} == {"jp", "teal"}
    assert [hit.score for hit in results.hits[3:]] == [0, 0]
    assert (results.unread, results.reranked) == (2, True)
    assert results.hits[0].stages["rerank"].rank == 1
    assert results.hits[0].score == results.hits[0].stages["rerank"].score
    assert results.stages[-1].name == "rerank"
    assert Text(TEXTS["sun"]) in reranker.asked[0]  # the whole text, not its best passage
    assert results.to_json()["unread"] == 2
    assert (results.refused, results.refusal) == (1, "no Japanese")


def test_words_alone_are_reranked_too(search: Callable[..., Results], reranker: ByLength) -> None:
    assert [hit.id for hit in search("text").hits] == ["fox"]
    assert reranker.asked == [[Text(TEXTS["fox"])]]


def test_pages_of_one_size_agree(search: Callable[..., Results], reranker: ByLength) -> None:
    whole = [hit.id for hit in search("dense", size=2, window=10).hits]
    for offset in (2, 4):
        whole += [hit.id for hit in search("dense", size=2, offset=offset, window=10).hits]
    assert whole[:3] == ["cafe", "fox", "sun"]
    assert len(whole) == len({*whole}) == 5
    asked = len(reranker.asked)
    assert search("dense", size=2, offset=most_read(2)).hits == []
    assert len(reranker.asked) == asked  # nobody would see it


def test_no_more_is_read_than_is_said(build: Build, reranker: ByLength) -> None:
    texts = [Action(f"n{n}", {"title": "brown fox", "text": "fox " * (n + 1)}) for n in range(40)]
    searcher = with_reranker(build(more=texts), reranker)
    hits = searcher.search(QUERY, "text", size=30, window=41, rerank=True).hits
    assert len(reranker.asked[0]) == 41
    hits = searcher.search(QUERY, "text", size=10, rerank=True, window=41, offset=15).hits
    assert len(reranker.asked[1]) == 20
    assert [bool(hit.score) for hit in hits] == [True] * 5 + [False] * 5
    assert ["rerank" in hit.stages for hit in hits] == [True] * 5 + [False] * 5


def test_sources_are_collapsed_first(build: Build, reranker: ByLength) -> None:
    source = {"source": {"uri": "file:///fox"}, "title": "About fox", "kind": "text"}
    more = [Action("fox2", {**source, "text": "brown fox"})]
    searcher = with_reranker(build(more=more), reranker)
    results = searcher.search(QUERY, "text", rerank=True, collapse=True)
    assert len(results.hits) == len(reranker.asked[0]) == 1


def test_pictures_are_sent_where_they_are_as_they_were(
    build: Build, reranker: ByLength, tmp_path: Path
) -> None:
    same = teal(tmp_path)
    changed = teal(tmp_path / "..").rename(tmp_path / "changed.png")
    more = [picture_document(same), picture_document(changed, sha256="0" * 64)]
    searcher = with_reranker(build(more=more), reranker)
    results = searcher.search(QUERY, "text", rerank=True)
    assert [image.source for image in reranker.asked[0] if isinstance(image, Image)] == [same]
    assert results.hits[-1].id == "changed.png"
    assert results.unread == 1


def test_documents_of_other_people_do_no_harm(build: Build, reranker: ByLength) -> None:
    more = [
        Action("nothing", {"title": "brown fox"}),
        Action("page", {"title": "brown fox", "kind": "page", "source": {"uri": "file:///a.pdf"}}),
        Action("odd", {"title": "brown fox", "kind": "image", "source": {"uri": "file:///%00"}}),
    ]
    results = with_reranker(build(more=more), reranker).search(QUERY, "text", rerank=True)
    assert results.unread == 3
    assert results.hits[0].id == "fox"


@pytest.mark.parametrize("mode", ["text", "hybrid"])
def test_where_nothing_can_be_read_nothing_is_reranked(
    build: Build, reranker: ByLength, mode: Mode
) -> None:
    blank = Action("blank", {"title": "brown fox", "kind": "page"})
    searcher = with_reranker(build(more=[blank]), reranker)
    results = searcher.search(QUERY, mode, rerank=True, filters=[{"term": {"kind": "page"}}])
    assert reranker.asked == []
    assert [hit.id for hit in results.hits] == ["blank"]
    assert results.to_json()["reranked"] is False
    assert results.unread == 1


def test_nothing_found_asks_nobody(search: Callable[..., Results], reranker: ByLength) -> None:
    assert search("text", filters=[{"term": {"kind": "page"}}]).hits == []
    assert reranker.asked == []


def test_a_reranker_that_fails(build: Build) -> None:
    with pytest.raises(ProviderError, match="is away"):
        with_reranker(build(), Broken()).search(QUERY, "text", rerank=True)


class Unwilling(ByLength):
    """Refuses all that it is given."""

    @staticmethod
    def _judged(place: int, document: Input) -> Ranked:
        return Ranked(place, 0.0, ItemError(f"no: {place}"))


def test_a_reranker_that_refuses_everything(build: Build) -> None:
    with pytest.raises(ProviderError, match="no: 0"):
        with_reranker(build(), Unwilling()).search(QUERY, "dense", rerank=True)


def test_without_a_reranker(build: Build) -> None:
    with pytest.raises(RequestError, match="there is no reranker"):
        build().search(QUERY, "text", rerank=True)


def test_which_files_are_read(tmp_path: Path) -> None:
    # A name that is no UTF-8, with marks that mean something in an address.
    file = teal(tmp_path).rename(tmp_path / os.fsdecode(b"caf\xe9 #1?.png"))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    found = local_picture(file.as_uri(), digest)
    assert found is not None
    assert found.source == file
    os.mkfifo(tmp_path / "pipe")
    for uri in (
        f"{file.as_uri()}#3",
        f"file://elsewhere{file}",
        f"https://example.org{file}",
        str(file),
        tmp_path.as_uri(),
        (tmp_path / "pipe").as_uri(),
        "file:///",
        "file:///%00",
        "http://[",
        "",
    ):
        assert local_picture(uri, digest) is None
    assert local_picture(file.as_uri(), None) is None
