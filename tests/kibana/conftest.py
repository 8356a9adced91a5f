"""A Kibana, and what is imported into it."""

import pytest
from pytest_httpserver import HTTPServer

from es_jina.dense import dense_profiles
from es_jina.kibana.saved_objects import saved_objects, to_ndjson
from es_jina.profile import IndexProfile, MultiVectorProfile
from tests.kibana.kibana_double import KibanaDouble

PROFILE = IndexProfile(
    model="m",
    revision=None,
    dense=tuple(dense_profiles(128)),
    multi_vector=MultiVectorProfile("binary", "bit"),
    max_pixels=1000,
)


@pytest.fixture
def kibana(httpserver: HTTPServer) -> KibanaDouble:
    return KibanaDouble(httpserver)


@pytest.fixture
def ndjson() -> bytes:
    return to_ndjson(saved_objects("docs", PROFILE, "https://jina.example"))
