"""What an index was made for; stored in its mapping, so nobody has to say it twice."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

from es_jina.errors import ProfileMismatchError, RequestError
from es_jina.inputs import Task

IndexType = Literal[
    "hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw", "bbq_disk",
    "flat", "int8_flat", "int4_flat", "bbq_flat",
]  # fmt: skip
Store = Literal["binary", "rank_vectors"]
ElementType = Literal["float", "bfloat16", "byte", "bit"]

INDEX_TYPES: tuple[str, ...] = get_args(IndexType)
STORES: tuple[str, ...] = get_args(Store)
ELEMENT_TYPES: tuple[str, ...] = get_args(ElementType)
MATRYOSHKA_DIMS = (128, 256, 512, 1024, 2048)
MULTI_VECTOR_FIELD = "multi_vector"


@dataclass(frozen=True, slots=True)
class MultiVectorProfile:
    """How multi-vectors are stored.

    Attributes:
        store: ``binary`` (doc values, any licence, MaxSim on our side) or ``rank_vectors``.
        element_type: of each number; ``bit`` keeps the sign alone.
        dims: of each vector.
        pool_factor: how many vectors become one by token pooling; 1 for none.
    """

    store: Store
    element_type: ElementType
    dims: int = 128
    pool_factor: int = 1

    def __post_init__(self) -> None:
        if self.pool_factor < 1:
            raise RequestError(f"pool_factor {self.pool_factor}: it must be at least 1")
        _check_choice("store", self.store, STORES)
        _check_choice("element_type", self.element_type, ELEMENT_TYPES)

    def to_meta(self) -> dict[str, Any]:
        """Return the JSON object for the mapping; without pooling, as before there was any."""
        told = asdict(self)
        if self.pool_factor == 1:
            del told["pool_factor"]
        return told

    @property
    def summary(self) -> str:
        """What is stored, in a few words for people."""
        pooled = f", {self.pool_factor} pooled to one" if self.pool_factor > 1 else ""
        return f"multi-vectors as {self.store} {self.element_type}{pooled}"


@dataclass(frozen=True, slots=True)
class IndexProfile:
    """What an index was made for.

    Attributes:
        model: hub id or checkpoint folder.
        revision: what tells the weights from others of that name, where it is known.
        dims: the Matryoshka sizes of the dense fields, ascending.
        index_type: of every dense field; ``None`` for what the shipped templates say.
        multi_vector: ``None`` for an index without multi-vectors.
        max_pixels: the pixel budget of an image or a page.
        query_task: the task of queries.
        passage_task: the task of documents.
    """

    model: str
    revision: str | None
    dims: tuple[int, ...]
    multi_vector: MultiVectorProfile | None
    max_pixels: int
    index_type: IndexType | None = None
    query_task: Task = Task.RETRIEVAL_QUERY
    passage_task: Task = Task.RETRIEVAL_PASSAGE

    def __post_init__(self) -> None:
        if list(self.dims) != sorted(set(self.dims)):
            raise RequestError(f"dims {list(self.dims)}: they must ascend, each of them once")
        if self.index_type is not None:
            _check_choice("index_type", self.index_type, INDEX_TYPES)
        if self.max_pixels < 1:
            raise RequestError(f"max_pixels {self.max_pixels}: it must be above 0")
        wrong = [d for d in self.dims if d not in MATRYOSHKA_DIMS]
        if wrong or not self.dims:
            raise RequestError(
                f"dims {wrong or 'missing'}: choose from {', '.join(map(str, MATRYOSHKA_DIMS))}"
            )

    @property
    def identity(self) -> str:
        """The revision where it is known: a folder may move, its weights stay the same."""
        return self.revision or self.model

    @property
    def search_field(self) -> str:
        """The dense field that a search uses: the largest."""
        return dense_field(self.dims[-1])

    @property
    def summary(self) -> str:
        """What the profile holds, in one line for people."""
        dense = ", ".join(map(str, self.dims))
        multi = self.multi_vector.summary if self.multi_vector else "no multi-vectors"
        return f"{self.model}; dense vectors of {dense} dims; {multi}; {self.max_pixels:,} pixels"

    @property
    def fingerprint(self) -> str:
        """12 hex digits over all that the stored vectors depend on; carried by every document."""
        told = {
            "identity": self.identity,
            "task": self.passage_task,
            "dims": self.dims,
            "multi_vector": self.multi_vector and self.multi_vector.to_meta(),
            "max_pixels": self.max_pixels,
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]

    def to_meta(self) -> dict[str, Any]:
        """Return the JSON object for ``_meta.es_jina``."""
        multi = self.multi_vector and self.multi_vector.to_meta()
        told = {**asdict(self), "dims": list(self.dims), "multi_vector": multi}
        return {"profile_version": 1, **told}

    @classmethod
    def from_meta(cls, meta: dict[str, Any]) -> Self:
        """Read what :meth:`to_meta` wrote.

        Raises:
            RequestError: it was written by a newer es_jina or by hand, wrongly.
        """
        if not isinstance(meta, dict):
            raise RequestError(f"the index's profile is no JSON object: {meta!r}")
        fields = dict(meta)
        version = fields.pop("profile_version", None)
        if version != 1:
            raise RequestError(f"the index's profile has version {version}; this es_jina reads 1")
        try:
            multi = fields.pop("multi_vector")
            return cls(
                dims=tuple(fields.pop("dims")),
                multi_vector=MultiVectorProfile(**multi) if multi else None,
                query_task=Task(fields.pop("query_task")),
                passage_task=Task(fields.pop("passage_task")),
                **fields,
            )
        except KeyError as error:
            raise RequestError(f"the index's profile cannot be read: it lacks {error}") from error
        except (TypeError, ValueError) as error:
            raise RequestError(f"the index's profile cannot be read: {error}") from error

    def check_same(self, wanted: Self, index: str) -> None:
        """Compare with another profile.

        Raises:
            ProfileMismatchError: with both sides of every difference.
        """
        mine, theirs = asdict(self), asdict(wanted)
        # The same weights may lie in another folder.
        if self.identity == wanted.identity:
            del mine["model"]
        differences = [
            f"{name} is {mine[name]}, asked for {theirs[name]}"
            for name in mine
            if mine[name] != theirs[name]
        ]
        if differences:
            raise ProfileMismatchError(
                f"the index {index!r} was made for another profile: {'; '.join(differences)}; "
                "choose another index name, or ask for what it has"
            )

    def check_model(self, name: str, revision: str | None, index: str) -> None:
        """Check that a model is the one the index was made for.

        Raises:
            ProfileMismatchError: it is another, or other weights of that name.
        """
        if revision is None or self.revision is None:
            # Nobody knows the weights behind the hosted API exactly; the name must do.
            fits = name == self.model
        else:
            fits = revision == self.revision
        if not fits:
            raise ProfileMismatchError(
                f"the index {index!r} was made with {_named(self.model, self.revision)}, but the "
                f"model at hand is {_named(name, revision)}; give --model to match"
            )


def dense_field(dims: int) -> str:
    """Return the name of the dense field of a Matryoshka size."""
    return f"embedding_{dims}"


def _check_choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise RequestError(f"{what} {value!r}: choose from {', '.join(choices)}")


def _named(model: str, revision: str | None) -> str:
    return f"{model} (revision {revision})" if revision else model
