"""The routes, in front of a node that lacks them or alone."""

import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import ThreadingHTTPServer
from typing import Any, Self

from tests.elastic.rank_vectors.refusals import RefusedError, unlicensed
from tests.elastic.rank_vectors.wire import Answer, Asked, Node, handler

from .caller import Caller
from .refusals import failed, invalid, missing
from .services import SERVICES, Call, Endpoint, Sent
from .settings import SECRETS, SETTINGS, check_settings

_PROBE = Call(["how big"], "ingest")
_RANK_PROBE = Call(["how big"], query="test query")
_INPUT_TYPES = ("ingest", "search", "classification", "clustering")
# Of jinaai, Elasticsearch shows no more than these.
_SHOWN = ("model_id", "rate_limit", "embedding_type")


class InferenceDouble:
    """Answers at :attr:`url`; a context manager.

    Attributes:
        licensed: may be changed at any time.
        pipelines: the names of those that name an endpoint, by it, where there is no node.
        indexes: those with a field that names one, likewise.
    """

    def __init__(
        self, node: str | None = None, *, patience: float = 0.3, embedding: bool = True
    ) -> None:
        """Set up.

        Args:
            node: what stands behind it, and answers all other requests.
            patience: seconds for which a call is tried again; Elasticsearch's is 30.
            embedding: whether there is the task `embedding`, which is so from 9.4 on.
        """
        self.licensed = True
        self.pipelines: dict[str, list[str]] = {}
        self.indexes: dict[str, list[str]] = {}
        self._caller = Caller(patience)
        self._embedding = embedding
        self._endpoints: dict[str, Endpoint] = {}
        self._node = None if node is None else Node(node)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self.answer))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def sent(self) -> list[Sent]:
        """Every request to a service."""
        return self._caller.sent

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._caller.close()
        if self._node is not None:
            self._node.close()

    def answer(self, asked: Asked) -> Answer:
        if asked.api != "_inference":
            if self._node is None:
                return Answer.of({"error": "no handler found"}, 400)
            return self._node.send(asked)
        try:
            return Answer.of(self._routed(asked))
        except RefusedError as error:
            return Answer.of(error.body, error.status)

    def _routed(self, asked: Asked) -> Any:
        if asked.parts[1:] == ["_services"]:
            return self._services()
        *task, name = asked.parts[1:]
        route: dict[str, Callable[..., Any]] = {
            "PUT": self._put,
            "GET": self._get,
            "DELETE": self._delete,
            "POST": self._infer,
        }
        return route[asked.method](task[0] if task else None, name, asked)

    def _services(self) -> list[dict[str, Any]]:
        tasks: dict[str, list[str]] = {}
        for service, task in SETTINGS:
            if task != "embedding" or self._embedding:
                tasks.setdefault(service, []).append(task)
        return [{"service": name, "task_types": tasks[name]} for name in tasks]

    def _put(self, task: str, name: str, asked: Asked) -> Any:
        if not self.licensed:
            raise unlicensed("inference")
        body = asked.json
        service = body.get("service")
        if service not in {name for name, _ in SETTINGS}:
            raise failed(400, f"Unknown service [{service}]")
        if name in self._endpoints:
            raise failed(400, f"Inference endpoint [{name}] already exists")
        settings = check_settings(service, task, body)
        endpoint = Endpoint(
            name,
            task,
            service,
            settings,
            body.get("task_settings") or {},
            settings.get("dimensions"),
        )
        if service in SERVICES:
            endpoint = self._probed(endpoint)
        self._endpoints[name] = endpoint
        return self._shown(endpoint)

    def _probed(self, endpoint: Endpoint) -> Endpoint:
        """Try an endpoint out, first without and then with the service."""
        probe = _RANK_PROBE if endpoint.task == "rerank" else _PROBE
        SERVICES[endpoint.service].request(endpoint, replace(probe, input=["test input"]))
        told = endpoint.dimensions
        try:
            if endpoint.task == "rerank":
                self._caller.ranks(endpoint, probe)
                return endpoint
            dims = len(self._caller.vectors(endpoint, probe)[0])
        except RefusedError as error:
            raise failed(
                400,
                "Could not complete inference endpoint creation as validation call to service "
                f"threw an exception.: {error.error['reason']}",
            ) from error
        if told is not None and told != dims:
            raise failed(
                400,
                f"The retrieved embeddings size [{dims}] does not match the size specified in the "
                f"settings [{told}].",
            )
        return replace(endpoint, settings={**endpoint.settings, "dimensions": dims})

    def _shown(self, endpoint: Endpoint) -> dict[str, Any]:
        hosted = endpoint.service == "jinaai"
        settings = {
            key: value
            for key, value in endpoint.settings.items()
            if (key in _SHOWN if hosted else key not in SECRETS)
        }
        return {
            "inference_id": endpoint.name,
            "task_type": endpoint.task,
            "service": endpoint.service,
            "service_settings": settings,
            "task_settings": endpoint.task_settings,
        }

    def _found(self, task: str | None, name: str) -> Endpoint:
        if name not in self._endpoints:
            raise missing(name)
        endpoint = self._endpoints[name]
        if task not in (None, endpoint.task):
            raise failed(
                400,
                f"Requested task type [{task}] does not match the inference endpoint's task type "
                f"[{endpoint.task}]",
            )
        return endpoint

    def _get(self, task: str | None, name: str, _asked: Asked) -> Any:
        return {"endpoints": [self._shown(self._found(task, name))]}

    def _delete(self, task: str | None, name: str, asked: Asked) -> Any:
        self._found(task, name)
        used = {"pipelines": self.pipelines.get(name, []), "indexes": self.indexes.get(name, [])}
        if asked.params.get("dry_run") == "true":
            return {"acknowledged": False, **used}
        if asked.params.get("force") != "true" and any(used.values()):
            raise failed(
                409,
                f"Inference endpoint {name} is referenced by pipelines and cannot be deleted. Use "
                "`force` to delete it anyway, or use `dry_run` to list the pipelines that "
                "reference it.",
            )
        del self._endpoints[name]
        return {"acknowledged": True, **used}

    def _infer(self, task: str | None, name: str, asked: Asked) -> Any:
        if not self.licensed:
            raise unlicensed("inference")
        endpoint = self._found(task, name)
        body = asked.json
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        input_type = body.get("input_type")
        if input_type is not None and input_type not in _INPUT_TYPES:
            raise invalid(f"Unrecognized input_type [{input_type}]")
        if endpoint.task == "rerank":
            call = Call(texts, None, body["query"], body.get("top_n"), body.get("return_documents"))
            return {"rerank": self._caller.ranks(endpoint, call)}
        vectors = self._caller.vectors(endpoint, Call(texts, input_type))
        return {"text_embedding": [{"embedding": vector} for vector in vectors]}
