"""The routes of the search page in the OpenAPI description, held against what the server does."""

import json
import re
from functools import reduce
from operator import getitem
from typing import Any

import pytest
import schemathesis
from schemathesis.generation import GenerationMode

from tests.server.describing import check_route
from tests.server.running import Running

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
    check_route(web.url, described, path, ROUTES[path], mode)
