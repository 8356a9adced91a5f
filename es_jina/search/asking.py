"""Asking Elasticsearch, noting what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from elastic_transport import ApiResponseMeta
from elasticsearch import ApiError, Elasticsearch

from es_jina.elastic.cbor import search_in_cbor
from es_jina.elastic.client import cluster_errors
from es_jina.search.trace import Sent, Trace

Found = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Asking:
    """Searches in one index.

    A search that some shards cannot answer is a failure: nobody would notice what is missing.
    """

    client: Elasticsearch
    index: str
    preference: str | None
    trace: Trace

    def one(self, stage: str, body: dict[str, Any]) -> Found:
        """Search once.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        self._note(stage, body)
        with cluster_errors(f"searching {self.index!r}"):
            answer = self._search(body)
        found: Found = answer["hits"]["hits"]
        return found

    def _search(self, body: dict[str, Any]) -> dict[str, Any]:
        # Multi-vectors are long texts.
        if "docvalue_fields" in body:
            return search_in_cbor(
                self.client,
                self.index,
                body,
                allow_partial_search_results="false",
                **self._preferred,
            )
        answer = self.client.search(
            index=self.index,
            body=body,
            allow_partial_search_results=False,
            preference=self.preference,
        )
        told: dict[str, Any] = answer.body
        return told

    def together(self, bodies: Mapping[str, dict[str, Any]]) -> dict[str, Found]:
        """Search several times in one request.

        Args:
            bodies: by the stage that each is for.

        Raises:
            ClusterError: Elasticsearch cannot be reached, or refuses one of them.
        """
        searches: list[dict[str, Any]] = []
        for stage, body in bodies.items():
            self._note(stage, body)
            searches += [{"allow_partial_search_results": False, **self._preferred}, body]
        with cluster_errors(f"searching {self.index!r}"):
            answer = self.client.msearch(index=self.index, searches=searches)
            for response in answer["responses"]:
                if "error" in response:
                    raise _refusal(response, answer.meta)
        told = dict(zip(bodies, answer["responses"], strict=True))
        for stage, response in told.items():
            self.trace.took(stage, response["took"])
        return {stage: response["hits"]["hits"] for stage, response in told.items()}

    @property
    def _preferred(self) -> dict[str, str]:
        return {} if self.preference is None else {"preference": self.preference}

    def _note(self, stage: str, body: dict[str, Any]) -> None:
        self.trace.requests.append(Sent(stage, f"/{self.index}/_search", body))


def _refusal(response: dict[str, Any], meta: ApiResponseMeta) -> ApiError:
    """Return what the client would have raised for a search of its own."""
    status = response["status"]
    told = ApiResponseMeta(status, meta.http_version, meta.headers, meta.duration, meta.node)
    return ApiError(response["error"].get("type", "error"), meta=told, body=response)
