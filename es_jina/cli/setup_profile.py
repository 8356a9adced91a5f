"""What ``es-jina setup`` makes an index for: what was named; else what the index has; else ours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from es_jina.cli.parted import Parted
from es_jina.dense import MATRYOSHKA_DIMS, DenseProfile, ElementType, IndexType
from es_jina.errors import ProviderError

if TYPE_CHECKING:
    from es_jina.cli.models import ModelOptions
    from es_jina.languages import Language
    from es_jina.profile import IndexProfile, Store
    from es_jina.providers.base import ModelInfo


@dataclass(frozen=True, slots=True)
class Named(Parted):
    """What was named of the vectors; each field is the option of that name."""

    dims: tuple[str, ...]
    index_type: IndexType | None
    element_type: ElementType | None
    pool_factor: int | None
    max_pixels: int | None

    def dense(self, existing: "IndexProfile | None") -> list[DenseProfile]:
        """Return the dense fields; none where they are left to us.

        Raises:
            RequestError: one cannot be read, or Elasticsearch has no such field.
        """
        present = existing.dense if existing else ()
        if self.dims:
            return [self._field(told, present) for told in self.dims]
        return [replace(each, index_type=self.index_type or each.index_type) for each in present]

    def _field(self, told: str, present: Sequence[DenseProfile]) -> DenseProfile:
        field = DenseProfile.parse(told, self.index_type)
        words = {*told.split(":"), self.index_type or ""} - {""}
        return next((each for each in present if words <= {*str(each).split(":")}), field)


def profile_of(
    info: "ModelInfo",
    named: Named,
    existing: "IndexProfile | None",
    store: "Store | None",
    languages: "Sequence[Language]",
) -> "IndexProfile":
    """Return the profile that is asked for.

    Args:
        info: the model.
        named: what was named of the vectors.
        existing: the profile of the index, where it is there.
        store: of the multi-vectors.
        languages: whose words are also searched by their stems.

    Raises:
        RequestError: the model does not have such dims, or no multi-vectors.
    """
    from es_jina.providers import profile_for

    multi = existing.multi_vector if existing else None
    profile = profile_for(
        info,
        dense=named.dense(existing),
        store=store,
        element_type=named.element_type or (multi.element_type if multi else "bit"),
        pool_factor=named.pool_factor or (multi.pool_factor if multi else 1),
        max_pixels=named.max_pixels or (existing.max_pixels if existing else None),
    )
    if existing is not None:
        profile = replace(
            profile, query_task=existing.query_task, passage_task=existing.passage_task
        )
    return replace(profile, languages=tuple(languages))


def model_of(
    options: "ModelOptions", existing: "IndexProfile | None", index: str, *, asking: bool = True
) -> "ModelInfo":
    """Return the model that an index is for.

    Of an index that is there it is the index's own: a server that does not tell what it runs, or
    that only Elasticsearch reaches, is taken to run that.

    Args:
        options: as they were given.
        existing: the profile of the index, where it is there.
        index: its name.
        asking: whether a server may be asked.

    Raises:
        ProfileMismatchError: the index is of another model than the one that was named or told.
        ProviderError: the server cannot be reached, and nobody names its model.
    """
    chosen = options.chosen(existing.model if existing else None)
    if existing is None:
        if chosen.server is not None and not asking:
            return _assumed(chosen)
        return _described(chosen) or _assumed(chosen)
    if options.model or options.server or options.provider == "hosted":
        info = _described(chosen, existing)
        if info is None or (options.server and info.revision is None):
            # Of a server that told nothing, only what the user named is known.
            info = _assumed(chosen) if options.model else None
        if info is not None:
            existing.check_model(info.name, info.revision, index)
    return _indexed(existing)


def _described(
    chosen: "ModelOptions", existing: "IndexProfile | None" = None
) -> "ModelInfo | None":
    """Return what would run; ``None`` where a server is not reached from here."""
    try:
        return chosen.describe()
    except ProviderError as error:
        if chosen.server is None or not error.passing:
            raise
        known = chosen.model or (existing and existing.model)
        if known is None:
            raise ProviderError(
                f"{error}; or name what it runs with --model, where Elasticsearch alone reaches it",
                passing=True,
            ) from error
        click.echo(f"Note: {error}; here it is taken to run {known}", err=True)
        return None


def _assumed(chosen: "ModelOptions") -> "ModelInfo":
    from es_jina.providers.hosted_models import hosted_model

    return hosted_model(chosen.model, server=True).info


def _indexed(existing: "IndexProfile") -> "ModelInfo":
    """Return the model of an index; it may have more dims than the index, nobody knows which."""
    from es_jina.providers.base import V4, ModelInfo

    multi = existing.multi_vector
    return ModelInfo(
        name=existing.model,
        revision=existing.revision,
        dims=MATRYOSHKA_DIMS,
        multi_dims=multi.dims if multi else V4.multi_dims,
        max_pixels=existing.max_pixels,
    )
