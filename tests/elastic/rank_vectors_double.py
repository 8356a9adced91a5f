"""An Elasticsearch with rank_vectors: an HTTP server in front of a node that lacks them."""

import threading
import time
from dataclasses import replace
from functools import cache
from http.server import ThreadingHTTPServer
from typing import Any, Literal, Self

import orjson

from .rank_vectors.documents import Fields, Rules, Shown, bulk_actions, bulk_lines, reveal
from .rank_vectors.mapping import check_update, fields, hide, show
from .rank_vectors.refusals import RefusedError, unlicensed, unparsable
from .rank_vectors.search import Rewriter
from .rank_vectors.wire import Answer, Asked, Node, handler

Licence = Literal["enterprise", "trial", "basic", "lapsed"]

_DAY_MS = 86_400_000
# The days that a licence still has; a basic one does not end.
_DAYS = {"enterprise": 365, "trial": 30, "lapsed": -1}


class _NodeRefusedError(Exception):
    """What the node was asked on the way failed: its answer is the client's too."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self.answer = answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class RankVectorsDouble:
    """Answers at :attr:`url` as an Elasticsearch with rank_vectors would; a context manager.

    Attributes:
        licence: may be changed at any time; ``lapsed`` is a trial that has ended.
    """

    def __init__(self, node: str, licence: Licence = "enterprise") -> None:
        self.licence: Licence = licence
        self._node = Node(node)
        self._pits: dict[str, str] = {}
        (about,) = self._told("GET", "/_nodes/_local")["nodes"].values()
        self._release = tuple(map(int, about["version"].split(".")[:2]))
        self._server = _Server(("127.0.0.1", 0), handler(self.answer))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._node.close()

    def answer(self, asked: Asked) -> Answer:
        try:
            return self._answered(asked)
        except RefusedError as error:
            return Answer.of(error.body, error.status)
        except _NodeRefusedError as error:
            return error.answer

    @property
    def _licensed(self) -> bool:
        return self.licence in ("enterprise", "trial")

    @property
    def _rules(self) -> Rules:
        return Rules(self._release >= (9, 3), self._release >= (9, 2), self._licensed)

    def _answered(self, asked: Asked) -> Answer:
        by_api = {
            "_license": self._licence,
            "_bulk": self._bulk,
            "_doc": self._indexed,
            "_search": self._search,
            "_msearch": self._msearch,
            "_ingest": self._simulated,
            "_settings": self._set,
            "_component_template": self._mapped,
            "_index_template": self._mapped,
            "_mapping": self._mapped,
            "": self._mapped,
        }
        reading = {"_license", "_search", "_msearch"}
        if asked.method in ("PUT", "POST") or asked.api in reading:
            return by_api.get(asked.api, self._passed)(asked)
        return self._passed(asked)

    def _passed(self, asked: Asked) -> Answer:
        """What the node can answer."""
        return self._shown(asked, self._node.send(asked))

    def _set(self, asked: Asked) -> Answer:
        self._check_licence(asked.index or "", self._fields_of(asked.index or ""))
        return self._passed(asked)

    def _indexed(self, asked: Asked) -> Answer:
        stored = self._rules.stored(asked.json, self._fields_of(asked.index or ""))
        return self._node.send(asked.with_json(stored))

    def _licence(self, _asked: Asked) -> Answer:
        kind = "trial" if self.licence == "lapsed" else self.licence
        status = "expired" if self.licence == "lapsed" else "active"
        told: dict[str, Any] = {"type": kind, "status": status}
        if self.licence in _DAYS:
            ends = int(time.time() * 1000) + _DAYS[self.licence] * _DAY_MS
            told["expiry_date_in_millis"] = ends
        return Answer.of({"license": told})

    def _check_licence(self, name: str, found: Any) -> None:
        if found and not self._licensed:
            raise unparsable(name, unlicensed("Rank Vectors"))

    def _mapped(self, asked: Asked) -> Answer:
        """A template, a mapping or an index."""
        kept = hide(asked.json)
        wanted = dict(fields(kept))
        self._check_licence("_doc", wanted)
        for name, field in wanted.items():
            if field.element_type == "bfloat16" and self._release < (9, 3):
                raise unparsable(name, "invalid element_type [bfloat16]")
        if asked.index is not None and asked.api == "_mapping":
            present = self._told("GET", f"/{asked.index}/_mapping")
            for body in show(present).values():
                before = body["mappings"].get("properties", {})
                check_update(before, asked.json.get("properties", {}))
            self._check_licence(asked.index, dict(fields(present)))
        if asked.index is not None and not asked.api:
            made = self._told("POST", f"/_index_template/_simulate_index/{asked.index}")
            self._check_licence(asked.index, dict(fields(made)))
        return self._passed(asked.with_json(kept))

    def _simulated(self, asked: Asked) -> Answer:
        """Documents that go nowhere, with templates of the request's own."""
        told = hide(asked.json)
        rules = self._rules
        errors: dict[int, RefusedError] = {}
        for number, document in enumerate(told.get("docs", [])):
            template = told.get("index_template_substitutions", {}).get(document["_index"])
            mapped = dict(fields(template))
            try:
                self._check_licence("_doc", mapped)
                document["_source"] = rules.stored(document["_source"], mapped)
            except RefusedError as refused:
                errors[number] = refused
                document["_source"] = {}
        answer = self._node.send(asked.with_json(told))
        if not errors or answer.status != 200:
            return answer
        told = answer.json
        for number, each in errors.items():
            told["docs"][number]["doc"]["error"] = each.error
        return Answer.of(told)

    def _bulk(self, asked: Asked) -> Answer:
        rules, known, kept = self._rules, dict[str, Fields](), []
        refused: dict[int, dict[str, Any]] = {}
        for number, (operation, about, document) in enumerate(bulk_actions(asked.body)):
            index = str(about.get("_index", asked.index))
            if index not in known:
                known[index] = self._fields_of(index)
            try:
                stored = document and rules.stored(document, known[index])
                kept.append((operation, about, stored))
            except RefusedError as error:
                told = {"_index": index, "_id": about.get("_id"), "status": error.status}
                refused[number] = {operation: {**told, "error": error.error}}
        answer = Answer.of({"errors": False, "items": []})
        if kept:
            answer = self._node.send(replace(asked, body=bulk_lines(kept)))
        if not refused or answer.status != 200:
            return answer
        items = list(answer.json.get("items", []))
        for number, item in refused.items():
            items.insert(number, item)
        return Answer.of({**answer.json, "errors": True, "items": items})

    def _search(self, asked: Asked) -> Answer:
        body = self._searched(asked, asked.json)
        answer = self._node.send(asked.with_json(body))
        return self._revealed(asked, asked.json, answer)

    def _msearch(self, asked: Asked) -> Answer:
        lines = [orjson.loads(line) for line in asked.body.splitlines() if line.strip()]
        told = []
        for head, body in zip(lines[::2], lines[1::2], strict=True):
            index = head.get("index", asked.index)
            one = replace(asked, method="POST", path=f"/{index}/_search", params={})
            try:
                one = one.with_json(body)
                told.append({**self._search(one).json, "status": 200})
            except RefusedError as error:
                told.append(error.body)
            except _NodeRefusedError as error:
                told.append(error.answer.json)
        return Answer.of({"responses": told})

    def _searched(self, asked: Asked, body: dict[str, Any]) -> dict[str, Any]:
        """Return a search as the node can answer it."""
        index = asked.index or self._pits.get(body.get("pit", {}).get("id", ""))
        mapped = self._fields_of(index) if index else {}
        if not self._licensed and mapped.keys() & set(_names(body.get("docvalue_fields", []))):
            raise unlicensed("Rank Vectors")
        same = {key: body[key] for key in ("pit",) if key in body}
        rewriter = Rewriter(
            lambda inner: self._checked(replace(asked, body=orjson.dumps({**same, **inner}))).json,
            self._fields_of,
            licensed=self._licensed,
        )
        return rewriter.rewritten(body)

    def _revealed(self, asked: Asked, body: Any, answer: Answer) -> Answer:
        """Return an answer with the multi-vectors that it has, as clients see them."""
        if not answer.body or answer.status != 200:
            return answer
        told = answer.json
        if asked.api == "_pit" and asked.index:
            self._pits[told["id"]] = asked.index
        shown = Shown(
            in_source=_asks_for_vectors(asked.params, body),
            hidden=self._rules.hidden,
            fetched=frozenset(_names(body.get("fields", []))),
        )
        reveal(told, cache(self._fields_of), shown)
        return replace(answer, body=orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY))

    def _shown(self, asked: Asked, answer: Answer) -> Answer:
        """Return any other answer."""
        if not answer.headers.get("content-type", "").startswith("application/json"):
            return answer
        revealed = self._revealed(asked, {}, answer)
        return (
            replace(revealed, body=orjson.dumps(show(revealed.json))) if revealed.body else answer
        )

    def _fields_of(self, index: str) -> Fields:
        answer = self._node.send(Asked("GET", f"/{index}/_mapping", {}, {}, b""))
        return dict(fields(answer.json)) if answer.status == 200 else {}

    def _told(self, method: str, path: str) -> Any:
        return self._checked(Asked(method, path, {}, {}, b"")).json

    def _checked(self, asked: Asked) -> Answer:
        answer = self._node.send(asked)
        if answer.status >= 400:
            raise _NodeRefusedError(answer)
        return answer


def _asks_for_vectors(params: dict[str, str], body: dict[str, Any]) -> bool:
    """Say whether a request wants the vectors in ``_source``, or names their field there."""
    told = body.get("_source")
    if isinstance(told, dict):
        return told.get("exclude_vectors") is False or bool(told.get("includes"))
    named = {params.get("_source", "true"), params.get("_source_includes", "true")} - {"true"}
    return (
        isinstance(told, list | str)
        or bool(named)
        or (params.get("_source_exclude_vectors") == "false")
    )


def _names(told: list[Any]) -> list[str]:
    return [each if isinstance(each, str) else each["field"] for each in told]
