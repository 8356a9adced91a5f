import asyncio

import pytest

from es_jina.server import outgoing
from es_jina.server.incoming import Message
from es_jina.server.outgoing import in_pieces


@pytest.mark.parametrize("more", [True, False])
@pytest.mark.parametrize("size", [0, 9, 10, 11, 20, 25])
def test_long_bodies_go_in_pieces(size: int, more: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "PIECE_BYTES", 10)
    body = bytes(range(size))
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    message = {"type": "http.response.body", "body": body, "more_body": more}
    asyncio.run(in_pieces(send)(message))
    assert b"".join(each["body"] for each in sent) == body
    assert max(len(each["body"]) for each in sent) <= 10
    assert [each["more_body"] for each in sent] == [True] * (len(sent) - 1) + [more]


def test_what_has_no_body_goes_as_it_is() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    message = {"type": "http.response.start", "status": 200, "headers": []}
    asyncio.run(in_pieces(send)(message))
    assert sent == [message]
