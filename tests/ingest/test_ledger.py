from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.ingest import ledger as module
from es_jina.ingest.ledger import Ledger, Version
from es_jina.ingest.sources import Source
from es_jina.ingest.units import Unit, unit_id

from .provider_double import PROFILE

Put = Callable[..., None]
PRINT = PROFILE.fingerprint


@pytest.fixture
def ledger(client: Elasticsearch, index: str, capabilities: Capabilities) -> Ledger:
    set_up(client, index, PROFILE, capabilities)
    return Ledger(client, index, PRINT)


@pytest.fixture
def put(client: Elasticsearch, index: str, ledger: Ledger) -> Put:
    def one(uri: str, unit: int, sha256: str = "a", units: int | None = None, **more: Any) -> None:
        source: dict[str, Any] = {"uri": uri, "sha256": sha256, "size": 3, "mtime": 2**60}
        if units is not None:
            source["units"] = units
        document = {"source": source, "unit": unit, "profile": PRINT, "recipe": "image", **more}
        client.index(index=index, id=unit_id(uri, unit), document=document)

    return one


def test_what_an_index_has_of_a_source(ledger: Ledger, put: Put) -> None:
    put("file:///whole", 0)
    put("file:///whole", 1, units=2)
    put("file:///part", 0)
    put("file:///part", 2, units=3)
    put("file:///mixed", 0, "new")
    put("file:///mixed", 1, "old", units=2)
    ledger.open()
    found = ledger.versions(["file:///whole", "file:///part", "file:///mixed", "file:///none"])
    (whole,) = found["file:///whole"]
    assert whole == Version("a", 3, 2**60, PRINT, "image", documents=2, units=2, last=1)
    assert whole.complete
    (part,) = found["file:///part"]
    assert (part.documents, part.units, part.last, part.complete) == (2, 3, 2, False)
    states = {(each.sha256, each.units, each.last) for each in found["file:///mixed"]}
    assert states == {("new", None, 0), ("old", 2, 1)}
    assert "file:///none" not in found


def test_more_than_one_page_of_answers(
    ledger: Ledger, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUCKETS", 3)
    uris = [f"file:///{number:02}" for number in range(10)]
    for uri in uris:
        put(uri, 0)
        put(uri, 1, units=2)
    put("file:/other", 0)
    ledger.open()
    assert ledger.versions(uris).keys() == set(uris)
    assert list(ledger.uris("file:///")) == [(uri, 2) for uri in uris]
    wanted = [unit_id(uri, number) for uri in uris for number in (0, 1)]
    assert sorted(ledger.ids(uris)) == sorted(wanted)


def test_which_units_are_missing(ledger: Ledger, put: Put) -> None:
    put("file:///a", 0)
    put("file:///a", 1, recipe="pages")
    put("file:///a", 2, "another")
    put("file:///a", 3, profile="another")
    source = Source("file:///a", "a", "image/png", "a", "a", 3)
    units = [Unit(source, number, "image", "a", "image") for number in range(5)]
    # Asked by id: no refresh is needed.
    assert [missing for _, missing in ledger.missing(units)] == [False, True, True, True, True]


def test_a_unit_whose_number_another_has_taken_is_missing(ledger: Ledger, put: Put) -> None:
    put("file:///a", 0, page=1, span={"start": 0, "end": 4})
    source = Source("file:///a", "a", "application/pdf", "a", "a", 3)
    places = [(1, (0, 4)), (2, (0, 4)), (1, (0, 5)), (1, None)]
    units = [Unit(source, 0, "text", "a", "image", page=page, span=span) for page, span in places]
    assert [missing for _, missing in ledger.missing(units)] == [False, True, True, True]
