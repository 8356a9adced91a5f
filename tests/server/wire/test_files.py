"""What a request's inputs and files may be, checked before more is done for them."""

import asyncio
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.providers.local import LocalProvider
from es_jina.server.limits import Limits
from es_jina.server.refused import RefusedError
from es_jina.server.wire.base64_text import decoded
from es_jina.server.wire.embeddings import EmbeddingsRoute
from es_jina.server.wire.rerank import RerankRoute
from es_jina.server.wire.tei import TeiRoute
from tests.server.services import PlainService, wire_files
from tests.server.wire.asking import MODEL, in_base64

LIMITS = Limits(items=3, body_bytes=10_000, image_bytes=4_000)
URL = "https://example.org/a.png"


class Asked:
    """The routes over a network where every address has 4,000 bytes."""

    def __init__(self, provider: LocalProvider) -> None:
        service = PlainService(provider, LIMITS)
        files = wire_files(LIMITS, self._fetch)
        self.fetched: list[str] = []
        self.routes: dict[str, EmbeddingsRoute | TeiRoute | RerankRoute] = {
            "input": EmbeddingsRoute(service, files),
            "inputs": TeiRoute(service, files),
            "documents": RerankRoute(service, files, lambda _: MODEL),
        }

    async def _fetch(self, address: str) -> bytes:
        self.fetched.append(address)
        return bytes(4_000)

    def refused(self, field: str, given: Any) -> tuple[str, str]:
        """Return the field that a route refuses, and why."""
        body = json.dumps({"model": MODEL, "query": "a", field: given}).encode()
        with pytest.raises(RefusedError) as raised:
            asyncio.run(self.routes[field].answer(body))
        [problem] = raised.value.problems
        return problem.field, problem.message


@pytest.fixture
def asked(provider: LocalProvider) -> Asked:
    return Asked(provider)


@pytest.mark.parametrize("field", ["input", "inputs", "documents"])
def test_too_many_inputs_are_refused_before_any_is_read(asked: Asked, field: str) -> None:
    each: Any = "a" if field == "inputs" else {"image": URL}
    told = "Each input list can contain at most 3 items; this has 4"
    assert asked.refused(field, [each] * 4) == (field, told)
    assert asked.refused(field, [])[0] == field
    assert asked.fetched == []


@pytest.mark.parametrize("field", ["input", "documents"])
def test_files_of_a_request_are_bounded_together(asked: Asked, field: str) -> None:
    inline = {"image": in_base64(bytes(4_000))}
    way, told = asked.refused(field, [inline, {"image": URL}, {"image": URL}])
    assert way == f"{field} -> 2 -> image"
    assert "files of the request are over" in told
    # Those of another request are counted anew.
    assert "together" not in asked.refused(field, [inline, {"image": "?"}])[1]


@pytest.mark.parametrize("size", [300, 120_000])
def test_base64_as_clients_write_it(size: int) -> None:
    data = random.Random(7).randbytes(size + 1)
    text = in_base64(data)
    wrapped = "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    of_urls = text.replace("+", "-").replace("/", "_")
    for each in (text, wrapped, f" {wrapped}\n", of_urls, of_urls.rstrip("=")):
        assert asyncio.run(decoded(each)) == data


@given(st.text())
def test_what_is_no_base64_is_refused_as_that(text: str) -> None:
    try:
        assert isinstance(asyncio.run(decoded(text)), bytes)
    except ValueError:
        assert text
