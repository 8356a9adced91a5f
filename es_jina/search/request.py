"""What is asked of a search, and whether it can be asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from es_jina.dense import DenseProfile
from es_jina.embedding import Embedding
from es_jina.errors import RequestError
from es_jina.inputs import Image, Input, Text
from es_jina.profile import IndexProfile
from es_jina.search.filters import Filter
from es_jina.search.query import MOST, units_of_sources

Mode = Literal["text", "dense", "late", "hybrid"]
MODES: tuple[str, ...] = get_args(Mode)
Query = Input | Embedding

# How many candidates of each ranking are fused and then scored by late interaction.
WINDOW = 50
MAX_SIZE = 1000


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search; the fields are those of :meth:`es_jina.search.searcher.Searcher.search`."""

    query: Query
    mode: Mode
    size: int
    filters: Sequence[Filter]
    offset: int
    window: int
    collapse: bool
    coarse: DenseProfile | None
    bits: bool
    explain: bool
    rerank: bool

    @property
    def words(self) -> str | None:
        """What BM25 looks for; ``None`` where it is not asked."""
        if self.mode in ("text", "hybrid") and isinstance(self.query, Text):
            return self.query.text
        return None

    @property
    def plain(self) -> bool:
        """Whether Elasticsearch may do it all in one step, if it can: no stage has to be seen."""
        return not (self.collapse or self.coarse or self.explain)

    @property
    def looked_at(self) -> int:
        """How many units of each ranking are looked at."""
        return units_of_sources(self.window) if self.collapse else self.window

    @property
    def end(self) -> int:
        """How many hits there must be, from the first one on, for those that are shown."""
        return self.offset + self.size

    def check(self, profile: IndexProfile, index: str) -> None:
        """Check what is asked against an index.

        Raises:
            RequestError: it is none, or needs something that the query or the index lacks.
        """
        self._check_numbers()
        self._check_query()
        if isinstance(self.filters, dict):
            raise RequestError("filters are a list of queries, and this is one: put it into a list")
        multi = profile.multi_vector
        if self.mode == "late" and multi is None:
            raise RequestError(
                f"the index {index!r} has no multi-vectors: use mode dense or hybrid"
            )
        if self.bits and self.mode not in ("late", "hybrid"):
            raise RequestError(f"mode {self.mode!r} compares no multi-vectors: leave out --bits")
        if self.bits and (multi is None or multi.element_type != "bit"):
            raise RequestError(
                f"bits can be compared where multi-vectors are bits, and the index {index!r} has "
                f"{multi.summary if multi else 'no multi-vectors'}: leave out --bits"
            )
        if self.coarse is not None and self.mode == "text":
            raise RequestError("mode 'text' looks at no vectors: leave out --coarse")

    def _check_query(self) -> None:
        if not isinstance(self.query, Text | Image | Embedding):
            raise RequestError(
                f"the query is a {type(self.query).__name__}: give a Text or an Image of es_jina"
            )
        if isinstance(self.query, Text):
            _check_text(self.query.text)
        elif self.mode == "text":
            what = "an image has" if isinstance(self.query, Image) else "vectors have"
            raise RequestError(f"{what} no words: use mode dense, late or hybrid")
        if isinstance(self.query, Embedding) and self.rerank:
            raise RequestError("a reranker reads texts and images: it cannot take vectors")

    def _check_numbers(self) -> None:
        if self.mode not in MODES or not 1 <= self.size <= MAX_SIZE:
            raise RequestError(
                f"mode {self.mode!r}, size {self.size}: choose from {', '.join(MODES)} and 1 to "
                f"{MAX_SIZE}"
            )
        if self.offset < 0 or self.offset + self.size > MOST:
            raise RequestError(
                f"from {self.offset} on, {self.size} hits: Elasticsearch shows the first {MOST:,}"
            )
        if not self.size <= self.window <= MOST:
            raise RequestError(
                f"window {self.window}: to show {self.size} hits at once it must be at least "
                f"{self.size}, and at most {MOST:,}"
            )


def window_for(size: int) -> int:
    """Return the window where none is asked for: the same for all pages of one size."""
    return max(WINDOW, size)


def coarse_field(profile: IndexProfile, dims: int | None) -> DenseProfile | None:
    """Return the dense field for a first, coarse look.

    Raises:
        RequestError: the index has no such field, or no larger one.
    """
    if dims is None:
        return None
    smaller = {field.dims: field for field in profile.dense[:-1]}
    if dims not in smaller:
        have = ", ".join(map(str, profile.dims))
        raise RequestError(
            f"coarse {dims}: it must be the dims of a smaller field than the largest, and the "
            f"index has {have}"
        )
    return smaller[dims]


def _check_text(text: str) -> None:
    if not text.strip():
        raise RequestError("the query is empty")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        # A shell argument in another encoding becomes such a text.
        raise RequestError("the query is not valid UTF-8") from error
