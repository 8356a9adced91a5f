import cbor2
import pytest
from elastic_transport import SerializationError
from elasticsearch import ApiError, Elasticsearch

from es_jina.elastic.cbor import CborSerializer, search_in_cbor
from es_jina.elastic.client import PlainJsonNode
from es_jina.elastic.node import Node

BODY = {"query": {"match_all": {}}, "docvalue_fields": ["blob"]}
# Elasticsearch writes a text of over 4,000 letters in pieces.
BLOB = "QUJD" * 20_000


@pytest.fixture
def blobs(client: Elasticsearch, index: str) -> str:
    field = {"blob": {"type": "binary", "doc_values": True}}
    client.indices.create(index=f"{index}-000001", mappings={"properties": field})
    client.index(index=f"{index}-000001", id="é", document={"blob": BLOB}, refresh=True)
    return f"{index}-000001"


def test_the_same_answer_as_in_json(client: Elasticsearch, blobs: str) -> None:
    there = search_in_cbor(client, blobs, BODY)
    here = client.search(index=blobs, body=BODY).body
    assert there["hits"] == here["hits"]
    (hit,) = there["hits"]["hits"]
    assert (hit["_id"], hit["fields"]["blob"]) == ("é", [BLOB])


def test_a_refusal_is_read_too(client: Elasticsearch, index: str) -> None:
    with pytest.raises(ApiError, match="no such index") as raised:
        search_in_cbor(client, f"{index}-ü", {})
    assert raised.value.status_code == 404


def test_a_client_of_somebody_elses_is_answered_in_json(node: Node, blobs: str) -> None:
    with Elasticsearch(node.url, node_class=PlainJsonNode) as plain:
        assert search_in_cbor(plain, blobs, BODY)["hits"]["hits"][0]["fields"]["blob"] == [BLOB]


def test_what_is_no_cbor() -> None:
    serializer = CborSerializer()
    assert serializer.loads(cbor2.dumps({"a": 1.5})) == {"a": 1.5}
    for data in (b"", b"\xff", b"{}", b"\x7f\x61"):
        with pytest.raises(SerializationError, match="no CBOR"):
            serializer.loads(data)
    with pytest.raises(SerializationError, match="answers alone"):
        serializer.dumps({})
