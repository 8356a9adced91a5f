"""What `es-jina embed` prints: a line of JSON for each input, and what failed for people."""

from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from es_jina.cli.ingest_report import say
from es_jina.embedding import Embedding, Vector
from es_jina.providers.encodings import EmbeddingType, encode

if TYPE_CHECKING:
    from es_jina.cli.embed_inputs import Given
    from es_jina.errors import ItemError


class Output:
    """Writes results in their order.

    Attributes:
        index: of the next input.
        failed: how many have failed.
    """

    def __init__(self, stream: BinaryIO, embedding_type: EmbeddingType) -> None:
        """Prepare.

        Args:
            stream: for the lines of JSON.
            embedding_type: how vectors are printed.
        """
        self._stream = stream
        self._type = embedding_type
        self.index = 0
        self.failed = 0

    def embedded(self, given: "Given", embedding: Embedding) -> None:
        """Write the vectors of an input."""
        line: dict[str, Any] = {"tokens": embedding.tokens}
        if embedding.truncated:
            line["truncated"] = True
        if embedding.single is not None:
            line["embedding"] = self._vector(embedding.single)
        if embedding.multi is not None:
            line["embeddings"] = [self._vector(row) for row in embedding.multi]
        self._write(given, line)

    def not_embedded(self, given: "Given", error: "ItemError") -> None:
        """Write why an input has none, in its place and for people."""
        tell_failure(self.index, given, error)
        self.failed += 1
        self._write(given, {"error": str(error)})

    def flush(self) -> None:
        """Hand on what is written."""
        self._stream.flush()

    def _write(self, given: "Given", line: dict[str, Any]) -> None:
        whole = {"index": self.index, "input": given.shown, **line}
        option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
        self._stream.write(orjson.dumps(whole, option=option))
        self.index += 1

    def _vector(self, vector: Vector) -> Any:
        # As it is, a number has the digits that float32 has, and not twice as many.
        return vector if self._type == "float" else encode(vector, self._type)


def tell_failure(index: int, given: "Given", error: "ItemError") -> None:
    """Say on stderr which input has no vectors, and why."""
    say(f"failed: {index} ({given.shown}): {error}", err=True)
