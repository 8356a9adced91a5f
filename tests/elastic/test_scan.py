import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic import scan as module
from es_jina.elastic.scan import scan


@pytest.fixture
def filled(client: Elasticsearch, index: str) -> str:
    name = f"{index}-000001"
    client.indices.create(index=name, settings={"number_of_shards": 3})
    for number in range(40):
        client.index(index=name, id=str(number), document={"number": number})
    client.indices.refresh(index=name)
    return name


def no_pause(_seconds: float) -> None:
    raise AssertionError


@pytest.mark.parametrize("page_bytes", [1, 1_000, 8_000_000])
def test_every_document_once_as_they_were(
    client: Elasticsearch, filled: str, page_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGE_BYTES", page_bytes)
    hits = scan(client, filled, {"_source": True}, no_pause)
    first = next(hits)
    client.index(index=filled, id="late", document={"number": 99}, refresh=True)
    client.delete(index=filled, id="39", refresh=True)
    found = {hit["_id"]: hit["_source"]["number"] for hit in (first, *hits)}
    assert found == {str(number): number for number in range(40)}


def test_it_leaves_nothing_open(client: Elasticsearch, filled: str) -> None:
    def contexts() -> int:
        stats = client.indices.stats(index=filled, metric="search")
        count: int = stats["_all"]["total"]["search"]["open_contexts"]
        return count

    hits = scan(client, filled, {}, no_pause)
    next(hits)
    assert contexts() > 0
    hits.close()
    assert contexts() == 0
