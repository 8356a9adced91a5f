"""The routes of the search page in the OpenAPI description, held against what the server does."""

import json
import re
from functools import reduce
from operator import getitem
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode

from tests.server.running import Running

# As for the other routes: "yes" is read as true, and not every text is an image.
LENIENT = ("negative_data_rejection", "positive_data_acceptance")
ROUTES = {
    "/v1/search": "post",
    "/v1/indices": "get",
    "/v1/explain": "post",
    "/thumbnails/{ref}": "get",
    "/pictures/{ref}": "get",
}


@pytest.fixture(scope="module")
def described(web: Running) -> Any:
    """What the server says of itself."""
    return web.get("/openapi.json").json()


def test_routes_are_described_where_an_index_is_served(described: Any, served: Running) -> None:
    assert {path: [*described["paths"][path]] for path in ROUTES} == {
        path: [method] for path, method in ROUTES.items()
    }
    assert not ROUTES.keys() & served.get("/openapi.json").json()["paths"].keys()
    # The page is none of them: who opens it needs no description.
    assert "get" not in described["paths"]["/"]
    schemathesis.openapi.from_dict(described).validate()
    for way in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(described)):
        assert reduce(getitem, way.split("/"), described)


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("/v1/search", GenerationMode.POSITIVE),
        ("/v1/search", GenerationMode.NEGATIVE),
        ("/v1/indices", GenerationMode.POSITIVE),
        ("/v1/explain", GenerationMode.POSITIVE),
        ("/v1/explain", GenerationMode.NEGATIVE),
        ("/thumbnails/{ref}", GenerationMode.POSITIVE),
    ],
)
def test_server_does_what_is_described(
    web: Running, described: Any, path: str, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=web.url)
    lenient: list[Any] = [schemathesis.checks.CHECKS.get_one(name) for name in LENIENT]
    cases = schema[path][ROUTES[path]].as_strategy(generation_mode=mode)

    @settings(
        max_examples=8,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case: Any) -> None:
        case.call_and_validate(excluded_checks=lenient)

    ask()
