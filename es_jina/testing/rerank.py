"""``POST /v1/rerank``: documents by their relevance to a query."""

from typing import Any

from es_jina.testing.answers import RefusedError, too_long
from es_jina.testing.limits import StubLimits
from es_jina.testing.tokens import Item, as_item, cut_text, tokens_of
from es_jina.testing.vectors import relevance

# Of the query and a document, which the model reads together.
LONGEST = 10_240


class RerankJob:
    """A request that is good, and what it costs.

    Attributes:
        items: the documents, in the order of the request, texts cut where they had to be.
        billed: tokens: the model reads the query anew with each document.
    """

    def __init__(self, body: dict[str, Any], limits: StubLimits) -> None:
        """Read a body that the schema allows.

        Raises:
            RefusedError: 400 or 422: an image that is none, or a document that is too long.
        """
        self._body = body
        longest = limits.item_tokens or LONGEST
        query = tokens_of(body["query"])
        self.items = [
            self._fitting(as_item(document), longest - query.read) for document in body["documents"]
        ]
        if any(query.read + tokens_of(item).read > longest for item in self.items):
            raise RefusedError(too_long(longest))
        self.billed = sum(query.billed + tokens_of(item).billed for item in self.items)

    def reply(self) -> dict[str, Any]:
        """Return the answer, best first."""
        scores = [relevance(self._body["query"], item) for item in self.items]
        best = sorted(range(len(scores)), key=lambda index: -scores[index])
        return {
            "model": self._body["model"],
            "object": "list",
            "usage": {"total_tokens": self.billed},
            "results": [
                {"index": index, "relevance_score": scores[index], **self._document(index)}
                for index in best[: self._body.get("top_n")]
            ],
        }

    def _fitting(self, item: Item, tokens: int) -> Item:
        cut = self._body.get("truncation") and "text" in item
        return {"text": cut_text(item["text"], tokens)} if cut else item

    def _document(self, index: int) -> dict[str, Any]:
        # Left out where it is not wanted, and wanted where nothing is said.
        if self._body.get("return_documents") is False:
            return {}
        return {"document": self.items[index]}
