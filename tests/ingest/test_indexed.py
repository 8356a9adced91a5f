import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.client import Cluster
from es_jina.errors import ClusterError, RequestError
from es_jina.ingest.indexed import IndexTarget, index_records, parse_index_target, refuse_itself
from es_jina.ingest.record_fields import RecordFields
from es_jina.ingest.report import Failure
from es_jina.ingest.retry import retry
from es_jina.ingest.sources import Candidate, Source

from .files import picture

TEXT = RecordFields(id=None, text="text", image=None)
Fill = Callable[..., IndexTarget]


@pytest.fixture
def fill(client: Elasticsearch, index: str) -> Fill:
    """Makes a plain index of documents, by id, behind an alias."""

    def filled(documents: dict[str, dict[str, Any]], shards: int = 1) -> IndexTarget:
        client.indices.create(
            index=f"{index}-000001",
            aliases={index: {}},
            settings={"number_of_shards": shards, "number_of_replicas": 0},
            mappings={"properties": {"lang": {"type": "keyword"}}},
        )
        lines = [
            line
            for ident, document in documents.items()
            for line in ({"index": {"_id": ident}}, document)
        ]
        if lines:
            client.bulk(index=f"{index}-000001", operations=lines, refresh=True)
        return IndexTarget(index)

    return filled


def sources(client: Elasticsearch, target: IndexTarget, fields: RecordFields) -> list[Source]:
    found = []
    for each in index_records(client, target, fields):
        assert not isinstance(each, Failure), each
        source = each.read()
        assert source is not None
        assert source.sha256 == each.sha256
        found.append(source)
    return found


def contexts(client: Elasticsearch) -> int:
    """Count the open points in time."""
    stats = client.indices.stats(metric="search")
    return int(stats["_all"]["total"]["search"]["open_contexts"])


@pytest.mark.parametrize(
    ("target", "index", "query"),
    [
        ("es://docs", "docs", None),
        ("es://docs/", "docs", None),
        ("es://docs?", "docs", None),
        ("es://docs?lang:en", "docs", "lang:en"),
        ("es://docs?q=lang:en", "docs", "lang:en"),
        ("es://docs?a:b%20AND%20c:%22d+e%22", "docs", 'a:b AND c:"d+e"'),
        ("es://other:docs", "other:docs", None),
        ("es://caf%C3%A9", "café", None),
    ],
)
def test_a_target_names_an_index_and_a_query(target: str, index: str, query: str | None) -> None:
    assert parse_index_target(target) == IndexTarget(index, query)


@pytest.mark.parametrize(
    "target", ["es://", "es:///", "es://?x", "es://a,b", "es://a*", "es://_all", "es://host/docs"]
)
def test_a_target_that_names_no_index_or_several_is_refused(target: str) -> None:
    with pytest.raises(RequestError, match=r"name one index or alias, as es://INDEX"):
        parse_index_target(target)


@pytest.mark.parametrize("into", ["", "-000001"])
@pytest.mark.parametrize("source", ["", "-000001", "?lang:en", "-000001?lang:en"])
def test_an_index_is_not_read_into_itself(
    client: Elasticsearch, index: str, fill: Fill, into: str, source: str
) -> None:
    fill({})
    with pytest.raises(RequestError, match=rf"are the same index \({index}-000001\): read from"):
        refuse_itself(client, index + into, f"es://{index}{source}")


def test_other_indices_may_be_read(client: Elasticsearch, index: str, fill: Fill) -> None:
    fill({})
    for other in (f"{index}-000002", f"{index}-gone", "A b"):
        refuse_itself(client, index, f"es://{other}")
        client.options(ignore_status=400).indices.create(index=f"{index}-000002")
    client.indices.close(index=f"{index}-000002")
    refuse_itself(client, index, f"es://{index}-000002")
    client.indices.delete(index=f"{index}-000002")


def test_each_document_is_a_source(client: Elasticsearch, index: str, fill: Fill) -> None:
    target = fill({"a b": {"text": "# One\nmore", "lang": "en", "meta": {"n": 1}, "vector": [1]}})
    fields = RecordFields(None, "text", None, ("lang", "meta.n"))
    (source,) = sources(client, target, fields)
    assert (source.uri, source.name) == (f"es://{index}/a%20b", f"es://{index}/a b")
    assert (source.title, source.text) == ("One", "# One\nmore")
    assert source.fields == {"lang": "en", "meta.n": 1}
    assert (source.mime, source.stamp) == ("application/json", None)


def test_a_path_leads_through_lists_of_objects(
    client: Elasticsearch, index: str, fill: Fill
) -> None:
    target = fill({"a": {"obj": [{"b": "one", "c": 1}, {"b": ["two", "three"]}]}})
    (source,) = sources(client, target, RecordFields(None, "obj.b", None, ("obj.c",)))
    assert (source.text, source.fields) == ("one\n\ntwo\n\nthree", {"obj.c": [1]})


def test_the_id_may_come_from_a_field(client: Elasticsearch, index: str, fill: Fill) -> None:
    target = fill({"a": {"text": "x", "isbn": 978}, "b": {"text": "y", "isbn": 978}})
    fields = RecordFields("isbn", "text", None)
    first, second = index_records(client, target, fields)
    assert first.uri == f"es://{index}/978"  # type: ignore[union-attr]
    assert isinstance(second, Failure)
    assert second.source == f"es://{index}/b"
    assert second.message == "b has the id '978' of an earlier record; ids must differ"


def test_a_document_without_the_id_field_is_found_again(
    client: Elasticsearch, index: str, fill: Fill
) -> None:
    target = fill({"a": {"text": "x", "isbn": 978}, "b": {"text": "y"}})
    fields = RecordFields("isbn", "text", None)
    _, failed = index_records(client, target, fields)
    assert isinstance(failed, Failure)
    assert failed.source == f"es://{index}/b"
    again = retry([failed])
    assert again.targets == [f"es://{index}"]
    only = again.only[f"es://{index}"]
    assert list(index_records(client, target, fields, only=only)) == [failed]

    client.update(index=f"{index}-000001", id="b", doc={"isbn": 979}, refresh=True)
    (mended,) = index_records(client, target, fields, only=only)
    # Under the name of its letter, which is then known to be mended.
    assert isinstance(mended, Candidate)
    assert (mended.name, mended.uri) == (f"es://{index}/b", f"es://{index}/979")


def test_documents_of_one_id_on_several_shards_are_told_apart(
    client: Elasticsearch, index: str, fill: Fill
) -> None:
    target = fill({}, shards=3)
    routings = ["a", "b", "c", "d"]
    for routing in routings:
        document = {"text": routing, "isbn": routing}
        client.index(
            index=f"{index}-000001", id="1", routing=routing, document=document, refresh=True
        )
    there = client.count(index=index)["count"]
    assert there > 1
    assert len(sources(client, target, RecordFields("isbn", "text", None))) == there
    first, *others = index_records(client, target, TEXT)
    assert isinstance(first, Candidate)
    assert len(others) == there - 1
    for each in others:
        assert isinstance(each, Failure)
        assert re.fullmatch(rf"es://{index}/1 \(routing [a-d]\)", each.source)
        assert "has the id '1' of an earlier record" in each.message


def test_pages_and_shards_give_each_document_once(client: Elasticsearch, fill: Fill) -> None:
    target = fill({str(number): {"text": f"text {number}"} for number in range(1300)}, shards=3)
    before = contexts(client)
    found = sources(client, target, TEXT)
    assert sorted(int(source.uri.rpartition("/")[2]) for source in found) == list(range(1300))
    assert contexts(client) == before


def test_pages_of_large_documents_are_small(
    client: Elasticsearch, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("es_jina.ingest.indexed._PAGE_BYTES", 20_000)
    target = fill({str(number): {"text": "word " * 2000} for number in range(60)})
    sizes = []
    search = Elasticsearch.search

    def noted(self: Elasticsearch, **asked: Any) -> Any:
        sizes.append(asked["size"])
        return search(self, **asked)

    monkeypatch.setattr(Elasticsearch, "search", noted)
    assert len(sources(client, target, TEXT)) == 60
    assert sizes[0] == 50
    assert sizes[1:] == [1] * 11


def test_a_query_chooses_documents(client: Elasticsearch, index: str, fill: Fill) -> None:
    fill({"1": {"text": "x", "lang": "en"}, "2": {"text": "y", "lang": "de"}})
    target = parse_index_target(f"es://{index}?lang:de")
    assert [source.text for source in sources(client, target, TEXT)] == ["y"]
    with pytest.raises(RequestError, match=r"^the query 'lang:\(' fails: 400: .*Cannot parse"):
        sources(client, IndexTarget(index, "lang:("), TEXT)


def test_an_index_that_keeps_no_documents_is_told(client: Elasticsearch, index: str) -> None:
    name = f"{index}-000001"
    client.indices.create(index=name, mappings={"_source": {"enabled": False}})
    client.index(index=name, document={"text": "x"}, refresh=True)
    with pytest.raises(
        RequestError, match=rf"^'{name}' cannot be read: 400: [^:]*: _source is disabled [^:]*$"
    ):
        sources(client, IndexTarget(name), TEXT)


def test_only_the_documents_that_are_named_come(
    client: Elasticsearch, index: str, fill: Fill
) -> None:
    target = fill({"1": {"text": "x"}, "2": {"text": "y"}, "3": {"other": "z"}})
    names = frozenset({f"es://{index}/2", f"es://{index}/3"})
    found = list(index_records(client, target, TEXT, only=names))
    assert [each.source if isinstance(each, Failure) else each.name for each in found] == [
        f"es://{index}/2",
        f"es://{index}/3",
    ]


def test_a_field_that_is_not_there_is_named_with_those_that_are(
    client: Elasticsearch, fill: Fill
) -> None:
    target = fill({"1": {"body": "x", "meta": {"n": 1}}})
    with pytest.raises(RequestError, match=r"no field 'text'; there are: body, lang, meta\.n$"):
        sources(client, target, TEXT)


def test_an_empty_index_has_no_records(client: Elasticsearch, fill: Fill) -> None:
    assert sources(client, fill({}), TEXT) == []


def test_a_missing_index_is_named(client: Elasticsearch, index: str) -> None:
    with pytest.raises(RequestError, match=f"there is no index '{index}' to read from"):
        sources(client, IndexTarget(index), TEXT)


def test_a_name_that_no_index_can_have_is_refused(client: Elasticsearch) -> None:
    with pytest.raises(RequestError, match=r"'A b' .*"):
        sources(client, IndexTarget("A b"), TEXT)


def test_a_cluster_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("es_jina.ingest.indexed._RETRY_FOR", 0)
    with (
        Cluster("http://127.0.0.1:9").connect() as nowhere,
        pytest.raises(ClusterError, match="opening 'docs': Elasticsearch cannot be reached"),
    ):
        sources(nowhere, IndexTarget("docs"), TEXT)


def test_a_point_in_time_that_is_lost_is_opened_anew(
    client: Elasticsearch, index: str, fill: Fill
) -> None:
    target = fill({str(number): {"text": f"text {number}"} for number in range(120)})
    found: Iterator[Any] = index_records(client, target, TEXT)
    names = [next(found).name for _ in range(30)]
    # Closing an index ends what searches hold of it, as the restart of its node does.
    client.indices.close(index=f"{index}-000001")
    client.indices.open(index=f"{index}-000001")
    names += [each.name for each in found]
    assert sorted(names) == sorted(f"es://{index}/{number}" for number in range(120))


def test_images_are_relative_to_the_working_directory(
    client: Elasticsearch, fill: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = picture(tmp_path / "a.png")
    target = fill({"1": {"image": "a.png"}})
    (source,) = sources(client, target, RecordFields(None, None, "image"))
    assert (source.image, source.title) == (file, "1")


def test_what_is_left_early_leaves_nothing_open(client: Elasticsearch, fill: Fill) -> None:
    target = fill({str(number): {"text": "x"} for number in range(10)})
    before = contexts(client)
    found: Any = index_records(client, target, TEXT)
    next(found)
    assert contexts(client) == before + 1
    found.close()
    assert contexts(client) == before
