"""A double of the hosted API on a real socket, with the rules its documents state."""

import hashlib
import io
import json
import random
import socket
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

KEY = "jina_0123456789abcdefghijklmnopqrstuvwxyz"
MODEL = "jina-embeddings-v4"
TASKS = {"text-matching", "retrieval.query", "retrieval.passage", "code.query", "code.passage"}
FIELDS = {
    "model", "input", "task", "embedding_type", "return_multivector", "dimensions", "late_chunking",
}  # fmt: skip

Item = dict[str, str]
Fault = Callable[[Request], Response]


class RefusalError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(status)
        self.response = answer(status, body)


class FakeApi:
    """Answers ``/v1/embeddings``.

    ``bodies`` holds every accepted or refused request with a good key; ``faults`` are served first,
    one for each request; an item of which ``refuses`` says why is refused with 400.
    """

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("").rstrip("/")
        self.bodies: list[dict[str, Any]] = []
        self.faults: deque[Fault] = deque()
        self.refuses: Callable[[Item], str | None] = lambda item: None
        self.floats = False
        self.change: Callable[[dict[str, Any]], None] = lambda reply: None
        server.expect_request("/v1/embeddings", method="POST").respond_with_handler(self._serve)

    def _serve(self, request: Request) -> Response:
        if self.faults:
            return self.faults.popleft()(request)
        try:
            reply = self._reply(request)
        except RefusalError as refusal:
            return refusal.response
        self.change(reply)
        return answer(200, reply)

    def _reply(self, request: Request) -> dict[str, Any]:
        check_key(request.headers.get("Authorization", ""))
        body = json.loads(request.data)
        self.bodies.append(body)
        check_fields(body)
        check_late_chunking(body)
        items = body["input"]
        billed = sum(check_item(item) for item in items)
        if billed > 32_768:
            raise nested("INPUT_TOKEN_LIMIT_EXCEEDED", "Input exceeds the maximum of 32768 tokens.")
        for item in items:
            if why := self.refuses(item):
                raise nested(None, why)
        multi = bool(body.get("return_multivector"))
        # Late chunking reads all texts as one; there is one vector for each input all the same.
        context = "".join(item["text"] for item in items) if body.get("late_chunking") else ""
        data = [
            self._entry(index, item, body["task"], multi, context)
            for index, item in enumerate(items)
        ]
        random.Random(0).shuffle(data)
        usage = {"total_tokens": billed}
        return {"model": MODEL, "object": "list", "usage": usage, "data": data}

    def _entry(
        self, index: int, item: Item, task: str, multi: bool, context: str
    ) -> dict[str, Any]:
        name = "embeddings" if multi else "embedding"
        rows = vectors(item, task, multi, context)
        value: object
        if self.floats:
            value = rows.tolist()
        elif multi:
            value = [encoded(row) for row in rows]
        else:
            value = encoded(rows)
        return {"object": name, "index": index, name: value}


def check_key(header: str) -> None:
    if not header.startswith("Bearer "):
        raise flat(401, "AUTH_MISSING_API_KEY", "No API key found.")
    if header != f"Bearer {KEY}":
        raise flat(401, "AUTH_INVALID_API_KEY", f"Invalid API key: {header.split()[1]}")


def check_fields(body: dict[str, Any]) -> None:
    if body["model"] != MODEL:
        raise nested("INPUT_MODEL_NOT_FOUND", f"Model {body['model']} not found.")
    if unknown := body.keys() - FIELDS:
        raise invalid(sorted(unknown)[0], "Extra inputs are not permitted")
    if body.get("task") not in TASKS:
        raise invalid("task", "Input should be one of the tasks")
    if not isinstance(body["input"], list) or not body["input"]:
        raise invalid("input", "Input should be a list")
    if len(body["input"]) > 512:
        raise invalid("input", "Each input list can contain at most 512 items.")
    if isinstance(body["embedding_type"], list):
        raise RefusalError(500, {"detail": {"message": "Internal error", "code": "INTERNAL_ERROR"}})
    if body["embedding_type"] != "base64":
        raise invalid("embedding_type", "this double speaks base64 alone")
    if body.get("dimensions") is not None:
        if body.get("return_multivector"):
            raise invalid("dimensions", "cannot be set when 'return_multivector' is True")
        raise invalid("dimensions", "this double has the full size alone")


def check_late_chunking(body: dict[str, Any]) -> None:
    if body.get("late_chunking") and any(item.keys() != {"text"} for item in body["input"]):
        raise invalid("late_chunking", "Only works with text.")


def check_item(item: Item) -> int:
    """Return the tokens of an item."""
    if item.keys() == {"text"}:
        return text_tokens(item["text"])
    if item.keys() != {"image"}:
        raise invalid("input", "unknown item")
    if len(item["image"]) > 8_000_000:
        raise RefusalError(413, {"detail": "Image too large", "code": None})
    picture = opened(item)
    return -(-picture.width // 28) * -(-picture.height // 28) + 11


def text_tokens(text: str) -> int:
    return len(text.encode()) // 4 + 3


def opened(item: Item) -> Pillow.Image:
    return Pillow.open(io.BytesIO(b64decode(item["image"], validate=True)))


def vectors(item: Item, task: str, multi: bool, context: str = "") -> NDArray[np.float32]:
    """The vectors of an item: not normalised, so that a client's norm shows."""
    seed = hashlib.sha256(f"{item} {task} {multi} {context}".encode()).digest()
    shape = (check_item(item), 128) if multi else (2048,)
    random_numbers = np.random.default_rng(list(seed)).standard_normal(shape)
    return 3 * random_numbers.astype(np.float32)


def encoded(vector: NDArray[np.float32]) -> str:
    return b64encode(vector.astype("<f4").tobytes()).decode()


def flat(status: int, code: str, message: str) -> RefusalError:
    return RefusalError(status, {"detail": message, "code": code, "request_id": "0" * 32})


def nested(code: str | None, message: str) -> RefusalError:
    return RefusalError(400, {"detail": {"message": message, "request_id": "0" * 32, "code": code}})


def invalid(field: str, message: str) -> RefusalError:
    where = f"body -> {MODEL} -> {field}"
    error = {"field": where, "message": message, "type": "value_error", "input": "…"}
    return RefusalError(
        422,
        {
            "detail": f"Validation error: '{where}' {message}",
            "request_id": "0" * 32,
            "errors": [error],
        },
    )


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status, headers, content_type="application/json")


def busy(status: int, code: str, headers: dict[str, str] | None = None) -> Fault:
    body = {"detail": "Try again.", "code": code, "request_id": "0" * 32}
    return lambda request: answer(status, body, headers)


def hang_up(request: Request) -> Response:
    """Close the connection without an answer."""
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response()
