"""The answer to an embedding request, as bytes of JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from es_jina.embedding import Embedding, PatchGrid, TokenSpans
from es_jina.inputs import Text
from es_jina.providers.encodings import EmbeddingType
from es_jina.server.request import EmbedRequest
from es_jina.server.vector_json import rows_json, single_json
from es_jina.server.wire.bodies import EmbeddingBody


def parts_of(
    body: EmbeddingBody, request: EmbedRequest, embeddings: Sequence[Embedding]
) -> Iterator[bytes]:
    """Yield the answer in parts, one for each input; together they are one JSON object.

    Args:
        body: what was asked for.
        request: the same as the service read it.
        embeddings: of its inputs.
    """
    tokens = sum(each.tokens for each in embeddings)
    usage = {"total_tokens": tokens, "prompt_tokens": tokens}
    head = orjson.dumps({"model": body.model, "object": "list", "usage": usage})
    before = head[:-1] + b',"data":['
    texts = _texts(request) if body.return_tokenized_input else None
    for index, each in enumerate(embeddings):
        entry = _entry(index, each, body.form)
        if texts is not None:
            entry["tokenized_input"] = _tokens(texts[index], each)
        yield before + orjson.dumps(entry)
        before = b","
    yield b"]}"


def count_numbers(embedding: Embedding) -> int:
    """Return how many numbers the vectors of an input have together."""
    return sum(each.size for each in (embedding.single, embedding.multi) if each is not None)


def _entry(index: int, embedding: Embedding, form: EmbeddingType) -> dict[str, Any]:
    multi = embedding.multi
    entry: dict[str, Any] = {"object": "embedding" if multi is None else "embeddings"}
    entry["index"] = index
    if embedding.single is not None:
        entry["embedding"] = orjson.Fragment(single_json(embedding.single, form))
    if multi is not None:
        entry["embeddings"] = orjson.Fragment(rows_json(multi, form))
    return entry


def _texts(request: EmbedRequest) -> list[str]:
    """Return the text that the characters of each input's tokens are counted in."""
    texts = [each.text if isinstance(each, Text) else "" for each in request.inputs]
    return ["".join(texts)] * len(texts) if request.late_chunking else texts


def _tokens(text: str, embedding: Embedding) -> list[str]:
    """Return the text of each vector: none for those of the prompt, a placeholder for patches."""
    match embedding.layout:
        case TokenSpans(characters):
            return [text[first:behind] for first, behind in characters.tolist()]
        case PatchGrid(first, height, width):
            count = 0 if embedding.multi is None else len(embedding.multi)
            cells = range(first, first + height * width)
            return ["<|image_pad|>" if at in cells else "" for at in range(count)]
    return []
