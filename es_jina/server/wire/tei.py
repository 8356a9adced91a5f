"""POST /embed: the format of Hugging Face's inference endpoints and text-embeddings-inference."""

from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Discriminator, Field, Tag

from es_jina.inputs import Task
from es_jina.providers.base import Want
from es_jina.server.refused import field_refused
from es_jina.server.request import EmbedRequest
from es_jina.server.service import Service
from es_jina.server.vector_json import single_json
from es_jina.server.wire.files import WireFiles
from es_jina.server.wire.reading import check_number, read_body

_TASKS = {
    "query": Task.RETRIEVAL_QUERY,
    "passage": Task.RETRIEVAL_PASSAGE,
    "document": Task.RETRIEVAL_PASSAGE,
}
# The alternatives below; they are no fields of a body.
_TAGS = ("a text", "texts")


def _alternative(value: object) -> str:
    return _TAGS[isinstance(value, list)]


class TeiBody(BaseModel):
    """The body of POST /embed."""

    model_config = ConfigDict(extra="ignore", title="TeiRequest")

    inputs: Annotated[
        Annotated[str, Tag(_TAGS[0])] | Annotated[list[str], Field(fail_fast=True), Tag(_TAGS[1])],
        Discriminator(_alternative),
    ] = Field(description="A text or a list of texts.")
    normalize: bool | None = Field(True, description="Vectors always have the length 1.")
    truncate: bool | None = Field(
        None, description="Cut off the end of a text that is too long; otherwise it is refused."
    )
    dimensions: int | None = Field(
        None,
        ge=1,
        validation_alias=AliasChoices("dimensions", "output_dimension"),
        description="What vectors are cut to; by default their full size.",
    )
    prompt_name: Literal["query", "passage", "document"] | None = Field(
        None, description="retrieval.query or retrieval.passage, where the address names no task."
    )


class TeiRoute:
    """Answers lists of texts with lists of vectors."""

    def __init__(self, service: Service, files: WireFiles) -> None:
        self._service = service
        self._files = files

    async def answer(self, data: bytes, task: Task | None = None) -> bytes:
        """Return the answer to a body.

        Args:
            data: the body.
            task: what the address says of it; the body's own goes before.

        Raises:
            RefusedError: the request cannot be served.
        """
        body = await read_body(TeiBody, data, _TAGS)
        if body.normalize is False:
            raise field_refused("normalize", "vectors always have the length 1: leave it out")
        texts = [body.inputs] if isinstance(body.inputs, str) else body.inputs
        check_number("inputs", len(texts), self._service.limits.items)
        files = self._files.of_request()
        inputs = [
            await files.text_or_image(text, f"inputs -> {at}") for at, text in enumerate(texts)
        ]
        named = None if body.prompt_name is None else _TASKS[body.prompt_name]
        request = EmbedRequest(
            tuple(inputs),
            named or task or Task.TEXT_MATCHING,
            Want.SINGLE,
            body.dimensions,
            truncate=bool(body.truncate),
        )
        embeddings = await self._service.embed(request)
        vectors = [each.single for each in embeddings if each.single is not None]
        return b"[" + b",".join(single_json(each, "float") for each in vectors) + b"]"
