"""``POST /v1/embeddings``: the rules beside the schema, and the answer."""

import random
from typing import Any, Literal

from es_jina.testing.answers import RefusedError, internal_error, invalid, nested, too_long
from es_jina.testing.limits import StubLimits
from es_jina.testing.tokens import Item, Tokens, as_item, cut_text, tokens_of
from es_jina.testing.vectors import ENCODINGS, MODELS, Rows, expected

UsageKind = Literal["api", "full", "none"]


class EmbeddingJob:
    """A request that is good, and what it costs.

    Attributes:
        items: in the order of the request, texts cut where they had to be.
        billed: tokens.
    """

    def __init__(self, body: dict[str, Any], limits: StubLimits) -> None:
        """Read a body that the schema allows.

        Raises:
            RefusedError: a rule that the schema does not know (400, 422), or what the API itself
                fails at (500).
        """
        self._body = body
        self._model = MODELS[body["model"]]
        given = body["input"]
        self._objects = isinstance(given, dict) or any(isinstance(item, dict) for item in given)
        listed = given if isinstance(given, list) else [given]
        self.items = [as_item(item) for item in listed]
        self._check_options(limits)
        self._check_images(limits)
        self._tokens = self._counted(limits)
        self.billed = sum(tokens.billed for tokens in self._tokens)
        # Late chunking reads all texts as one; there is one vector for each all the same.
        late = bool(body.get("late_chunking"))
        self._context = "".join(item["text"] for item in self.items) if late else ""

    def reply(self, usage: UsageKind) -> dict[str, Any]:
        """Return the answer; its entries are not in order, for that is what `index` is for."""
        entries = [self._entry(index, item) for index, item in enumerate(self.items)]
        random.Random(0).shuffle(entries)  # noqa: S311
        counted = {} if usage == "none" else {"usage": self._usage(full=usage == "full")}
        return {"model": self._body["model"], "object": "list", **counted, "data": entries}

    def _check_options(self, limits: StubLimits) -> None:
        body, model = self._body, self._body["model"]
        if isinstance(body.get("embedding_type"), list):
            raise RefusedError(internal_error())
        if len(self.items) > limits.items:
            raise RefusedError(
                invalid(
                    f"body -> {model}",
                    f"Each input list can contain at most {limits.items} items.. "
                    "Field errors: : Invalid value",
                )
            )
        if not self.items:
            raise self._invalid("input", "List should have at least 1 item")
        if any("pdf" in item for item in self.items):
            raise self._invalid("input", "this stub has no PDF: nobody says how one is answered")
        multi_alone = body.get("return_multivector") and not body.get("return_embedding")
        if multi_alone and body.get("dimensions") is not None:
            raise self._invalid(
                "dimensions",
                "Incompatible options: 'dimensions' cannot be set when 'return_multivector' is "
                "True",
            )
        if body.get("return_tokenized_input"):
            raise self._invalid("return_tokenized_input", "this stub does not return tokens")
        if body.get("late_chunking") and any("text" not in item for item in self.items):
            raise self._invalid("late_chunking", "Only works with text.")

    def _check_images(self, limits: StubLimits) -> None:
        for item in self.items:
            if len(item.get("image", "")) > limits.image_bytes:
                size = f"{limits.image_bytes / 1e6:g} MB"
                raise RefusedError(nested(400, None, f"Image exceeds the maximum of {size}."))

    def _counted(self, limits: StubLimits) -> list[Tokens]:
        """Count tokens, and cut texts where that is allowed."""
        longest = limits.item_tokens or self._model.item_tokens
        if self._body.get("truncate"):
            self.items = [_cut(item, longest) for item in self.items]
        counted = [tokens_of(item) for item in self.items]
        together = sum(tokens.read for tokens in counted)
        if any(tokens.read > longest for tokens in counted) or (
            self._body.get("late_chunking") and together > longest
        ):
            raise RefusedError(too_long(longest))
        if limits.tokens_per_request is not None and together > limits.tokens_per_request:
            raise RefusedError(too_long(limits.tokens_per_request))
        return counted

    def _entry(self, index: int, item: Item) -> dict[str, Any]:
        multi = bool(self._body.get("return_multivector"))
        encode = ENCODINGS[self._body.get("embedding_type") or "float"]
        entry = {"object": "embeddings" if multi else "embedding", "index": index}
        if not multi or self._body.get("return_embedding"):
            vector = self._vectors(item, False)[: self._body.get("dimensions")]
            entry["embedding"] = encode(vector)
        if multi:
            entry["embeddings"] = encode(self._vectors(item, True))
        return entry

    def _vectors(self, item: Item, multi: bool) -> Rows:
        return expected(
            item,
            self._body.get("task"),
            multi=multi,
            context=self._context,
            model=self._body["model"],
        )

    def _usage(self, *, full: bool) -> dict[str, int]:
        """Count as the API does: of v4 the total alone, of v3 more in some cases."""
        counted = {"total_tokens": self.billed}
        v3_more = self._body.get("late_chunking") or self._objects
        more = {"jina-embeddings-v4": False, "jina-embeddings-v3": v3_more}
        if full:
            images = sum(
                tokens.billed
                for tokens, item in zip(self._tokens, self.items, strict=True)
                if "image" in item
            )
            return counted | {"prompt_tokens": self.billed - images, "image_tokens": images}
        if more.get(self._body["model"], True):
            return counted | {"prompt_tokens": self.billed}
        return counted

    def _invalid(self, field: str, message: str) -> RefusedError:
        place = f"body -> {self._body['model']} -> {field}"
        return RefusedError(invalid(place, message, self._body.get(field)))


def _cut(item: Item, tokens: int) -> Item:
    return {"text": cut_text(item["text"], tokens)} if "text" in item else item
