"""What an index was made for; stored in its mapping, so nobody has to say it twice."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

from es_jina.dense import ELEMENT_TYPES, DenseProfile, ElementType, check_choice
from es_jina.errors import ProfileMismatchError, RequestError
from es_jina.inputs import Task
from es_jina.languages import Language

Store = Literal["binary", "rank_vectors"]

STORES: tuple[str, ...] = get_args(Store)
MULTI_VECTOR_FIELD = "multi_vector"
# Which cell of a picture each vector of its multi-vector stands for; kept, not searched.
GRID_FIELD = "grid"
_VERSION = 2


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
        check_choice("store", self.store, STORES)
        check_choice("element_type", self.element_type, ELEMENT_TYPES)

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
        dense: the dense fields, by ascending dims.
        multi_vector: ``None`` for an index without multi-vectors.
        max_pixels: the pixel budget of an image or a page.
        languages: whose words are also searched by their stems, by ascending code.
        query_task: the task of queries.
        passage_task: the task of documents.
    """

    model: str
    revision: str | None
    dense: tuple[DenseProfile, ...]
    multi_vector: MultiVectorProfile | None
    max_pixels: int
    languages: tuple[Language, ...] = ()
    query_task: Task = Task.RETRIEVAL_QUERY
    passage_task: Task = Task.RETRIEVAL_PASSAGE

    def __post_init__(self) -> None:
        if not self.dense:
            raise RequestError("dims missing: an index needs at least one dense field")
        if list(self.dims) != sorted(set(self.dims)):
            raise RequestError(f"dims {list(self.dims)}: they must ascend, each of them once")
        codes = [language.code for language in self.languages]
        if codes != sorted(set(codes)):
            raise RequestError(f"languages {codes}: they must ascend, each of them once")
        if self.max_pixels < 1:
            raise RequestError(f"max_pixels {self.max_pixels}: it must be above 0")

    @property
    def dims(self) -> tuple[int, ...]:
        """The Matryoshka sizes of the dense fields, ascending."""
        return tuple(field.dims for field in self.dense)

    @property
    def identity(self) -> str:
        """The revision where it is known: a folder may move, its weights stay the same."""
        return self.revision or self.model

    @property
    def finest(self) -> DenseProfile:
        """The dense field that a search uses: the largest."""
        return self.dense[-1]

    @property
    def word_fields(self) -> list[str]:
        """The fields that a search by words looks at, a title counting twice."""
        subfields = ["", *(f".{language.code}" for language in self.languages)]
        return [field for sub in subfields for field in (f"title{sub}^2", f"text{sub}")]

    @property
    def summary(self) -> str:
        """What the profile holds, in one line for people."""
        dense = ", ".join(field.summary for field in self.dense)
        multi = self.multi_vector.summary if self.multi_vector else "no multi-vectors"
        words = f"; words of {_told(self.languages)}" if self.languages else ""
        return f"{self.model}; dense vectors of {dense}; {multi}{words}; {self.max_pixels:,} pixels"

    @property
    def fingerprint(self) -> str:
        """12 hex digits over all that the stored vectors depend on; carried by every document."""
        told: dict[str, Any] = {
            "identity": self.identity,
            "task": self.passage_task,
            "dims": self.dims,
            "multi_vector": self.multi_vector and self.multi_vector.to_meta(),
            "max_pixels": self.max_pixels,
        }
        narrow = {f.dims: f.element_type for f in self.dense if f.element_type != "float"}
        if narrow:
            told["element_types"] = narrow
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]

    def to_meta(self) -> dict[str, Any]:
        """Return the JSON object for ``_meta.es_jina``."""
        told = {
            **asdict(self),
            "dense": [asdict(field) for field in self.dense],
            "multi_vector": self.multi_vector and self.multi_vector.to_meta(),
            "languages": {language.code: language.analyzer for language in self.languages},
        }
        return {"profile_version": _VERSION, **told}

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
        if version == 1:
            fields = _from_version_1(fields)
        elif version != _VERSION:
            raise RequestError(
                f"the index's profile has version {version}; this es_jina reads 1 and {_VERSION}"
            )
        try:
            multi = fields.pop("multi_vector")
            return cls(
                dense=tuple(DenseProfile(**field) for field in fields.pop("dense")),
                multi_vector=MultiVectorProfile(**multi) if multi else None,
                # A mapping does not keep the order of keys.
                languages=tuple(
                    sorted(Language(*pair) for pair in fields.pop("languages").items())
                ),
                query_task=Task(fields.pop("query_task")),
                passage_task=Task(fields.pop("passage_task")),
                **fields,
            )
        except KeyError as error:
            raise RequestError(f"the index's profile cannot be read: it lacks {error}") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise RequestError(f"the index's profile cannot be read: {error}") from error

    def check_same(self, wanted: Self, index: str) -> None:
        """Compare with another profile.

        Args:
            wanted: the other one.
            index: the name, for the message.

        Raises:
            ProfileMismatchError: with both sides of every difference.
        """
        differences = [
            f"{name} is {_told(getattr(self, name))}, asked for {_told(getattr(wanted, name))}"
            for name in self.__dataclass_fields__
            if getattr(self, name) != getattr(wanted, name)
            # The same weights may lie in another folder.
            and not (name == "model" and self.identity == wanted.identity)
        ]
        if differences:
            raise ProfileMismatchError(
                f"the index {index!r} was made for another profile: {'; '.join(differences)}; "
                "choose another index name, or ask for what it has"
            )

    def check_model(self, name: str, revision: str | None, index: str) -> None:
        """Check that a model is the one the index was made for.

        Args:
            name: of the model.
            revision: of its weights, where it is known.
            index: the name, for the message.

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


def _named(model: str, revision: str | None) -> str:
    return f"{model} (revision {revision})" if revision else model


def _told(value: Any) -> str:
    """Return a field of a profile as a message shows it."""
    if isinstance(value, MultiVectorProfile):
        return value.summary
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def _from_version_1(fields: dict[str, Any]) -> dict[str, Any]:
    """Return a profile of the time when all dense fields were of one index type, as of today."""
    told = dict(fields)
    index_type = told.pop("index_type", None)
    try:
        dense = [asdict(DenseProfile.of(dims, index_type)) for dims in told.pop("dims")]
    except (KeyError, TypeError) as error:
        raise RequestError(f"the index's profile cannot be read: dims: {error}") from error
    return {**told, "dense": dense, "languages": {}}
