"""Indices to break, on the shared node, and a double for what that node does not have."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from es_jina.dense import dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.doctor import Finding, examine_indices
from es_jina.elastic.setup import set_up
from es_jina.profile import IndexProfile, MultiVectorProfile

PROFILE = IndexProfile(
    "the model", "rev", dense_profiles(128, 256), MultiVectorProfile("binary", "bit"), 1000
)
Answers = dict[str, tuple[int, Any]]


class Patient:
    """An index on the shared node, and what the doctor says of it."""

    def __init__(
        self, client: Elasticsearch, capabilities: Capabilities, alias: str, profile: IndexProfile
    ) -> None:
        self.client = client
        self.capabilities = capabilities
        self.alias = alias
        self.name = f"{alias}-000001"
        self.profile = profile

    def findings(self, *levels: str) -> list[Finding]:
        """What is found at some levels."""
        found = list(examine_indices(self.client, self.capabilities, self.alias))
        return [finding for finding in found if finding.level in levels]

    def problems(self) -> list[str]:
        """The messages of the problems, each of which must have a step."""
        found = self.findings("problem")
        assert all(finding.step for finding in found)
        return [finding.message for finding in found]

    def index(self, **fields: Any) -> str:
        """Index a document of this profile; return its id."""
        document = {"profile": self.profile.fingerprint, **fields}
        answer = self.client.index(index=self.alias, document=document, refresh=True)
        made: str = answer["_id"]
        return made


@pytest.fixture
def patient(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> Iterator[Callable[..., Patient]]:
    """Set up an index of a profile."""

    def make(profile: IndexProfile = PROFILE) -> Patient:
        set_up(client, index, profile, capabilities)
        return Patient(client, capabilities, index, profile)

    yield make
    client.options(ignore_status=404).ingest.delete_pipeline(id=f"{index}-passage")


@contextmanager
def answering(httpserver: HTTPServer, answers: Answers) -> Iterator[Elasticsearch]:
    """A cluster that gives some answers by their path, and no others."""

    def answer(request: Request) -> Response:
        status, body = answers[request.path]
        headers = {"X-Elastic-Product": "Elasticsearch"}
        return Response(json.dumps(body), status, headers, content_type="application/json")

    httpserver.clear()
    httpserver.expect_request(re.compile(".*")).respond_with_handler(answer)
    with Cluster(httpserver.url_for("").rstrip("/")).connect() as connected:
        yield connected
    httpserver.check_assertions()
