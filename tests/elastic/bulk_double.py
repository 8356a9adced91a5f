"""A double of a cluster's bulk route."""

import json
from collections.abc import Callable
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from es_jina.elastic.bulk import Action

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
Item = dict[str, Any]


def bulk_lines(request: Request) -> list[dict[str, Any]]:
    return [json.loads(line) for line in request.get_data().splitlines()]


def asked_ids(request: Request) -> list[str]:
    """The ids of a bulk request, in its order."""
    heads = [line for line in bulk_lines(request) if line.keys() <= {"index", "delete"}]
    return [next(iter(head.values()))["_id"] for head in heads]


def done(ident: str) -> Item:
    return {"index": {"_id": ident, "status": 201}}


def refused(ident: str, status: int, reason: str, kind: str = "x") -> Item:
    return {"index": {"_id": ident, "status": status, "error": {"type": kind, "reason": reason}}}


class Double:
    """A cluster that answers as it is told, once for each request, then takes everything."""

    def __init__(self, server: HTTPServer) -> None:
        self.asked: list[list[str]] = []
        self.sizes: list[int] = []
        self.answers: list[Callable[[list[str]], Response]] = []
        server.expect_request("/docs/_bulk", method="POST").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        ids = asked_ids(request)
        self.asked.append(ids)
        self.sizes.append(len(request.get_data()))
        return (self.answers.pop(0) if self.answers else self.take)(ids)

    @staticmethod
    def take(ids: list[str]) -> Response:
        return items(*map(done, ids))

    def then(self, *answers: Response | Callable[[list[str]], Response]) -> None:
        self.answers += [
            a if callable(a) and not isinstance(a, Response) else _always(a) for a in answers
        ]


def _always(response: Any) -> Callable[[list[str]], Response]:
    return lambda ids: response


def items(*told: Item) -> Response:
    errors = any("error" in body for item in told for body in item.values())
    return whole(200, {"errors": errors, "items": list(told)})


def whole(status: int, body: object = None) -> Response:
    told = {"error": {"type": "x", "reason": f"reason {status}"}} if body is None else body
    return Response(json.dumps(told), status, PRODUCT, content_type="application/json")


def some(*ids: str) -> list[Action]:
    return [Action(ident, {"n": 1}) for ident in ids]
