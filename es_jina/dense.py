"""One dense field: a Matryoshka size, and how Elasticsearch keeps and compares its vectors."""

from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from es_jina.errors import RequestError

IndexType = Literal[
    "hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw", "bbq_disk",
    "flat", "int8_flat", "int4_flat", "bbq_flat",
]  # fmt: skip
ElementType = Literal["float", "bfloat16", "byte", "bit"]
Similarity = Literal["dot_product", "cosine", "l2_norm", "max_inner_product"]

INDEX_TYPES: tuple[str, ...] = get_args(IndexType)
ELEMENT_TYPES: tuple[str, ...] = get_args(ElementType)
SIMILARITIES: tuple[str, ...] = get_args(Similarity)
MATRYOSHKA_DIMS = (128, 256, 512, 1024, 2048)

# Bytes and bits are small already: Elasticsearch quantises floats alone.
_UNQUANTISED = ("hnsw", "flat")
# From here on a bit for each number loses little (Elasticsearch's own default turns at 384).
_BBQ_FROM = 512


@dataclass(frozen=True, slots=True)
class DenseProfile:
    """A dense field.

    Attributes:
        dims: its Matryoshka size.
        index_type: how nearest neighbours are found.
        element_type: of each number.
        similarity: how two vectors are compared.
    """

    dims: int
    index_type: IndexType
    element_type: ElementType
    similarity: Similarity

    def __post_init__(self) -> None:
        if self.dims not in MATRYOSHKA_DIMS:
            raise RequestError(
                f"dims {self.dims}: choose from {', '.join(map(str, MATRYOSHKA_DIMS))}"
            )
        check_choice("index_type", self.index_type, INDEX_TYPES)
        check_choice("element_type", self.element_type, ELEMENT_TYPES)
        check_choice("similarity", self.similarity, SIMILARITIES)
        if self.element_type in ("byte", "bit") and self.index_type not in _UNQUANTISED:
            raise RequestError(
                f"{self}: vectors of {self.element_type} go with the index types "
                f"{' and '.join(_UNQUANTISED)} alone"
            )
        if self.element_type == "bit" and self.similarity != "l2_norm":
            raise RequestError(f"{self}: vectors of bit go with the similarity l2_norm alone")

    def __str__(self) -> str:
        return f"{self.dims}:{self.index_type}:{self.element_type}:{self.similarity}"

    @property
    def field(self) -> str:
        """The name of the field in the index."""
        return f"embedding_{self.dims}"

    @property
    def summary(self) -> str:
        """What the field holds, in a few words for people."""
        kind = "" if self.element_type == "float" else f" {self.element_type}"
        return f"{self.dims} dims{kind} ({self.index_type})"

    @classmethod
    def of(
        cls,
        dims: int,
        index_type: IndexType | None = None,
        element_type: ElementType = "float",
        similarity: Similarity | None = None,
    ) -> Self:
        """Return a field with what suits it where nothing else is asked for.

        The index type is then bbq_hnsw from 512 dims on, int8_hnsw below, hnsw for bytes and bits;
        the similarity the dot product, which is the cosine of vectors of length 1; for bytes, whose
        length varies, the cosine; for bits the only one there is.

        Raises:
            RequestError: Elasticsearch has no such field.
        """
        if index_type is None:
            index_type = "bbq_hnsw" if dims >= _BBQ_FROM else "int8_hnsw"
            if element_type in ("byte", "bit"):
                index_type = "hnsw"
        if similarity is None:
            own: dict[str, Similarity] = {"byte": "cosine", "bit": "l2_norm"}
            similarity = own.get(element_type, "dot_product")
        return cls(dims, index_type, element_type, similarity)

    @classmethod
    def parse(cls, told: str, index_type: IndexType | None = None) -> Self:
        """Read a field as people type it: ``1024``, ``256:byte`` or ``2048:bbq_disk:bfloat16``.

        Args:
            told: the dims, then an index type, an element type and a similarity in any order, as
                many of them as are wanted.
            index_type: where `told` names none.

        Raises:
            RequestError: it cannot be read, or Elasticsearch has no such field.
        """
        size, *words = told.split(":")
        if not (size.isascii() and size.isdigit()):
            raise RequestError(
                f"dims {told!r}: write a size, such as 1024, or a size and how it is kept, such as "
                "2048:bbq_disk:bfloat16"
            )
        named: dict[str, Any] = {}
        for word in words:
            kind = _kind(word, told)
            if kind in named:
                raise RequestError(f"dims {told!r}: {named[kind]} and {word} are both a {kind}")
            named[kind] = word
        return cls.of(int(size), **{"index_type": index_type} | named)


def dense_profiles(*dims: int) -> tuple[DenseProfile, ...]:
    """Return plain fields of some sizes, which must ascend."""
    return tuple(map(DenseProfile.of, dims))


def check_choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    """Check that a value is one of several.

    Raises:
        RequestError: it is not; the message names what it should be.
    """
    if value not in choices:
        raise RequestError(f"{what} {value!r}: choose from {', '.join(choices)}")


def _kind(word: str, told: str) -> str:
    kinds = {"index_type": INDEX_TYPES, "element_type": ELEMENT_TYPES, "similarity": SIMILARITIES}
    for kind, choices in kinds.items():
        if word in choices:
            return kind
    every = ", ".join(choice for choices in kinds.values() for choice in choices)
    raise RequestError(f"dims {told!r}: {word!r} is none of {every}")
