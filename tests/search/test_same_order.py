from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from tests.search.same_order import EXPECTED, nearest, orders


def test_the_order_on_the_newest_release(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    """tests/elastic/test_versions.py holds the releases before against the same."""
    assert orders(client, capabilities, index) == EXPECTED


def test_the_nearest_are_the_nearest() -> None:
    assert nearest()[:6] == EXPECTED["dense"]
