"""The stub: a key, limits, faults, and a record of what came."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import orjson

from es_jina.testing.answers import Answer, RefusedError, flat, invalid, nested
from es_jina.testing.embeddings import EmbeddingJob, UsageKind
from es_jina.testing.faults import Cut, Fault, Faults, HangUp, Slow
from es_jina.testing.limits import Gate, StubLimits, with_headers
from es_jina.testing.one_pass import EXTENSION, MODELS_PATH, models_told, without_extension
from es_jina.testing.rerank import RerankJob
from es_jina.testing.schema import REQUESTS, SchemaError, check_request
from es_jina.testing.server import Arrived, Outcome, Server
from es_jina.testing.vectors import MODELS

if TYPE_CHECKING:
    from es_jina.testing.tokens import Item

# As long as a real one.
KEY = "jina_0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmn"

_BEARER = "Bearer "


@dataclass
class Seen:
    """A request that came, whatever was answered.

    Attributes:
        path: such as ``/v1/embeddings``.
        headers: by their names in lower case.
        content: the body.
        at: when it came, in seconds of ``time.monotonic``.
        status: what was answered; ``None`` until then, and where nothing was.
        processed: whether neither key, schema, rate limits nor a fault kept it from being looked
            into; it may have been refused then.
    """

    path: str
    headers: dict[str, str]
    content: bytes
    at: float = field(default_factory=time.monotonic)
    status: int | None = None
    processed: bool = False

    @property
    def body(self) -> Any:
        """The body, decoded.

        Raises:
            ValueError: it is not JSON.
        """
        return orjson.loads(self.content)


class StubApi:
    """A stub of the hosted Jina API on a real socket; a context manager.

    It serves ``POST /v1/embeddings`` (jina-embeddings-v4, -v3, jina-clip-v2) and ``/v1/rerank``
    (jina-reranker-m0), refuses what the published schema and the limits do not allow, and fails
    where it is told to. Every method may be called, and every attribute set, from any thread while
    it runs.

    Attributes:
        key: the one that is good.
        requests: all that came, in order.
        refuses: says of an item why it is refused (400), or ``None``; an error in it is raised on
            leaving.
        change: may change an answer before it is sent.
        billed_tokens: of all answers so far.
    """

    def __init__(
        self,
        *,
        key: str = KEY,
        limits: StubLimits | None = None,
        faults: Faults | None = None,
        service_seconds: float = 0.0,
        balance: int | None = None,
        usage: UsageKind = "api",
        strict: bool = True,
        one_pass: bool = False,
        record: bool = True,
        port: int = 0,
    ) -> None:
        """Set up; it listens from ``with`` on.

        Args:
            key: the one that is good.
            limits: what is refused; the API's for one request by default, and no rate limits.
            faults: what goes wrong at random; nothing by default.
            service_seconds: from a request's coming to its answer, at least.
            balance: tokens until 403.
            usage: ``api`` counts what the API is known to count, ``full`` prompt and image tokens
                too, ``none`` leaves it out.
            strict: refuse fields that the schema does not name.
            one_pass: be no hosted API but a server that tells of its model at ``/v1/models`` and
                gives both kinds of vectors in one answer, where ``return_embedding`` asks for it.
            record: keep `requests`; a long run has no room for them.
            port: on 127.0.0.1; any free one by default.
        """
        self.key = key
        self.requests: list[Seen] = []
        self.refuses: Callable[[Item], str | None] = lambda item: None
        self.change: Callable[[dict[str, Any]], None] | None = None
        self.billed_tokens = 0
        self._limits = limits or StubLimits()
        self._faults = faults or Faults(rate=0)
        self._service_seconds = service_seconds
        self._balance = balance
        self._usage = usage
        self._strict = strict
        self._one_pass = one_pass
        self._record = record
        self._port = port
        self._gate = Gate(self._limits)
        self._script: deque[Fault] = deque()
        self._arrived = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self._server = Server(self._port, self._respond)
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        server = self._running
        self._closing.set()
        server.close()
        if server.broken and kind is None:
            raise server.broken[0]

    @property
    def url(self) -> str:
        """The address, without a slash behind it."""
        return self._running.url

    @property
    def bodies(self) -> list[Any]:
        """The bodies that were looked into, in order: also those then refused."""
        return [seen.body for seen in self.requests if seen.processed]

    @property
    def most_in_flight(self) -> int:
        """The most requests with a good key at one time, those included that were turned away."""
        return self._gate.most

    @property
    def connections(self) -> int:
        """How many connections were opened."""
        return self._running.connections

    def queue(self, *faults: Fault) -> None:
        """Let these happen to the next requests, one to each, before any at random."""
        with self._lock:
            self._script.extend(faults)

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("the stub is not running: use it as `with StubApi() as api`")
        return self._server

    def _respond(self, arrived: Arrived) -> Outcome:
        if arrived.method == "GET" and not (self._one_pass and arrived.path == MODELS_PATH):
            return Outcome(flat(404, "RESOURCE_NOT_FOUND", "Not Found"))
        seen = Seen(arrived.path, arrived.headers, arrived.content)
        fault = self._next_fault(seen)
        if isinstance(fault, HangUp):
            return Outcome(None)
        answer = fault if isinstance(fault, Answer) else self._answer(seen, fault)
        seen.status = answer.status
        return Outcome(answer, fault.share if isinstance(fault, Cut) else 1.0)

    def _next_fault(self, seen: Seen) -> Fault | None:
        with self._lock:
            if self._record:
                self.requests.append(seen)
            number, self._arrived = self._arrived, self._arrived + 1
            return self._script.popleft() if self._script else self._faults.drawn(number)

    def _answer(self, seen: Seen, fault: Slow | Cut | None) -> Answer:
        until = seen.at + self._service_seconds + (fault.seconds if isinstance(fault, Slow) else 0)
        try:
            self._check_key(seen.headers.get("authorization", ""))
            with self._gate.slot():
                models = seen.path == MODELS_PATH
                answer = self._sent(models_told()) if models else self._processed(seen)
                self._closing.wait(max(0.0, until - time.monotonic()))
        except RefusedError as refused:
            answer = refused.answer
        return with_headers(answer, self._gate.headers())

    def _check_key(self, header: str) -> None:
        if not header:
            raise RefusedError(flat(401, "AUTH_MISSING_API_KEY", "No API key found."))
        if not header.startswith(_BEARER):
            raise RefusedError(flat(401, "AUTH_INVALID_FORMAT", "Use 'Bearer' and the API key."))
        if header != _BEARER + self.key:
            given = header.removeprefix(_BEARER)
            # With the key in it, as some services do: a client must not pass it on.
            raise RefusedError(flat(401, "AUTH_INVALID_API_KEY", f"Invalid API key: {given}"))
        if self._balance is not None and self.billed_tokens >= self._balance:
            raise RefusedError(
                flat(403, "AUTHZ_INSUFFICIENT_BALANCE", "The balance of this key is spent.")
            )

    def _processed(self, seen: Seen) -> Answer:
        job = self._job(seen)
        self._gate.spend(job.billed)
        seen.processed = True
        with self._lock:
            self.billed_tokens += job.billed
        return self._sent(job.reply(self._usage) if isinstance(job, EmbeddingJob) else job.reply())

    def _sent(self, reply: dict[str, Any]) -> Answer:
        answer = Answer.json(200, reply)
        if self.change is None:
            return answer
        reply = orjson.loads(answer.content)
        self.change(reply)
        return Answer.json(200, reply)

    def _job(self, seen: Seen) -> EmbeddingJob | RerankJob:
        body = self._checked(seen)
        try:
            embeds = body["model"] in MODELS
            job = EmbeddingJob(body, self._limits) if embeds else RerankJob(body, self._limits)
            for item in job.items:
                if why := self.refuses(item):
                    raise RefusedError(nested(400, None, why))
        except RefusedError:
            seen.processed = True
            raise
        return job

    def _checked(self, seen: Seen) -> dict[str, Any]:
        """Return the body of a request that the schema allows."""
        if seen.path not in ("/v1/embeddings", "/v1/rerank"):
            raise RefusedError(flat(404, "RESOURCE_NOT_FOUND", "Not Found"))
        try:
            body = seen.body
        except ValueError as error:
            raise RefusedError(invalid("body", "JSON decode error")) from error
        model = body.get("model") if isinstance(body, dict) else None
        embeds = seen.path == "/v1/embeddings"
        if isinstance(model, str) and not (model in REQUESTS and (model in MODELS) == embeds):
            raise RefusedError(nested(400, "INPUT_MODEL_NOT_FOUND", f"Model {model} not found."))
        try:
            published = without_extension(body) if self._one_pass else body
            check_request(published, strict=self._strict)
        except SchemaError as error:
            place = " -> ".join(map(str, ["body", model, *error.place]))
            raise RefusedError(invalid(place, error.reason, error.given)) from error
        return {name: body[name] for name in body if self._one_pass or name != EXTENSION}
