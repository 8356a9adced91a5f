"""Queries with vectors that are made before, so that a searcher's model takes no time."""

from collections.abc import Mapping

from es_jina.embedding import Embedding
from es_jina.inputs import Input, Text


class Queries:
    """Queries that are asked in turn.

    Args:
        embeddings: by the text of the query.
    """

    def __init__(self, embeddings: Mapping[str, Embedding]) -> None:
        self._embeddings = embeddings
        self._texts = [*map(Text, embeddings)]

    def answer(self, query: Input) -> Embedding:
        """Return a query's vectors."""
        assert isinstance(query, Text)
        return self._embeddings[query.text]

    def __getitem__(self, number: int) -> Text:
        return self._texts[number % len(self._texts)]
