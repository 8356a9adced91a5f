"""An Elasticsearch with stored search templates, in front of a node that has no mustache.

What it takes and shows is what StoredScriptSource.java does: a source that is an object is kept as
a text, and nothing stands beside ``script``.
"""

import json
import threading
from http.server import ThreadingHTTPServer
from typing import Any, Self

from tests.elastic.rank_vectors.refusals import RefusedError
from tests.elastic.rank_vectors.wire import Answer, Asked, Node, handler
from tests.kibana.mustache import render


class ScriptsDouble:
    """Answers at :attr:`url`; a context manager.

    Attributes:
        stored: by name, as they are kept.
        found: the searches that came of templates.
    """

    def __init__(self, node: str) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.found: list[dict[str, Any]] = []
        self._node = Node(node)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self.answer))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._node.close()

    def answer(self, asked: Asked) -> Answer:
        try:
            match asked.parts:
                case ["_scripts", name]:
                    return self._script(asked, name)
                case [_, "_search", "template"]:
                    return self._search(asked)
                case ["_nodes", "_local", *_]:
                    return _with_mustache(self._node.send(asked))
        except RefusedError as error:
            return Answer.of(error.body, error.status)
        return self._node.send(asked)

    def _script(self, asked: Asked, name: str) -> Answer:
        if asked.method == "PUT":
            self.stored[name] = _kept(asked.json)
            return Answer.of({"acknowledged": True})
        if name not in self.stored:
            return Answer.of({"_id": name, "found": False}, 404)
        if asked.method == "DELETE":
            del self.stored[name]
            return Answer.of({"acknowledged": True})
        return Answer.of({"_id": name, "found": True, "script": self.stored[name]})

    def _search(self, asked: Asked) -> Answer:
        called = asked.json
        if called["id"] not in self.stored:
            reason = f"unable to find script [{called['id']}] in cluster state"
            raise RefusedError(404, "resource_not_found_exception", reason)
        source = self.stored[called["id"]]["source"]
        search = render(source, called.get("params", {}))
        self.found.append(search)
        index = asked.parts[0]
        path = f"/{index}/_search"
        return self._node.send(Asked("POST", path, {}, asked.headers, json.dumps(search).encode()))


def _kept(body: Any) -> dict[str, Any]:
    if list(body) != ["script"]:
        unexpected = next(key for key in body if key != "script")
        reason = f"unexpected field [{unexpected}], expected [script]"
        raise RefusedError(400, "parsing_exception", reason)
    script = dict(body["script"])
    if script.get("lang") != "mustache":
        reason = f"unable to put stored script with unsupported lang [{script.get('lang')}]"
        raise RefusedError(400, "illegal_argument_exception", reason)
    options = script.get("options", {})
    if isinstance(script["source"], dict):
        source = json.dumps(script["source"], ensure_ascii=False, separators=(",", ":"))
        script["source"] = source
        options = {"content_type": "application/json;charset=utf-8", **options}
    if options.keys() - {"content_type"}:
        reason = f"illegal compiler options [{options}] specified"
        raise RefusedError(400, "illegal_argument_exception", reason)
    return {"lang": "mustache", "source": script["source"], "options": options}


def _with_mustache(answer: Answer) -> Answer:
    told = answer.json
    for node in told["nodes"].values():
        node["modules"].append({"name": "lang-mustache"})
    return Answer.of(told, answer.status)
