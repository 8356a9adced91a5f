"""The vectors of a hit, each with the part of it that it stands for."""

from es_jina.embedding import Embedding, PatchGrid, TokenSpans, Vector
from es_jina.inputs import Input, Text
from es_jina.profile import GRID_FIELD, IndexProfile
from es_jina.providers.base import Want
from es_jina.search.explain import Page, Passage, fitting_grid, passage_of
from es_jina.search.stored_unit import StoredUnit
from es_jina.server.refused import INVALID, RefusedError
from es_jina.server.request import EmbedRequest
from es_jina.server.rerank import multi_vector
from es_jina.server.service import Service
from es_jina.server.web.depicted import depicted
from es_jina.server.web.drawing import Drawing

# Refusals that are of a picture, rather than of the moment.
_OF_THE_PICTURE = frozenset({400, 404, 422})


class UnitVectors:
    """Takes the vectors that the index has, and asks the model where they do not do."""

    def __init__(self, service: Service, drawing: Drawing) -> None:
        """Prepare.

        Args:
            service: embeds.
            drawing: draws what the model is to see anew.
        """
        self._service = service
        self._drawing = drawing

    async def page(self, unit: StoredUnit, profile: IndexProfile) -> Page:
        """Return the vectors of a page or an image.

        Args:
            unit: as the index has it.
            profile: of the index.

        Raises:
            RefusedError: the index has none that do, and it cannot be seen anew.
        """
        stored = self._stored(unit)
        if stored is not None:
            grid = fitting_grid(unit.fields.get(GRID_FIELD), len(stored))
            if grid is not None:
                return Page(stored, grid, "stored")
        try:
            image = await self._drawing.for_model(depicted(unit.fields), profile.max_pixels)
            computed = await self._embedded(image, profile)
        except RefusedError as error:
            if error.status not in _OF_THE_PICTURE:
                raise
            told = f"this cannot be explained: {_lack(profile)}, so it would have to be seen anew; "
            raise RefusedError(error.status, told + error.detail, error.code) from error
        if not isinstance(computed.layout, PatchGrid):
            raise untold(self._service)
        return Page(multi_vector(computed), computed.layout, "computed")

    async def passage(self, unit: StoredUnit, profile: IndexProfile) -> tuple[str, Passage]:
        """Return a text and its vectors; the index does not say where its tokens are.

        Args:
            unit: as the index has it.
            profile: of the index.

        Raises:
            RefusedError: it has no text, or that cannot be embedded now.
        """
        text = unit.fields.get("text")
        if not isinstance(text, str) or not text.strip():
            raise RefusedError(400, "this has neither a picture nor a text to explain", INVALID)
        text = text.encode("utf-8", "replace").decode()  # as long as it was
        computed = await self._embedded(Text(text), profile)
        if not isinstance(computed.layout, TokenSpans):
            raise untold(self._service)
        return text, passage_of(self._stored(unit), computed)

    def _stored(self, unit: StoredUnit) -> Vector | None:
        """Return a unit's vectors, where they can be compared with a query's."""
        vectors = unit.vectors
        if vectors is None or vectors.shape[1] != self._service.model.multi_dims:
            return None
        return vectors

    async def _embedded(self, content: Input, profile: IndexProfile) -> Embedding:
        request = EmbedRequest(
            (content,),
            profile.passage_task,
            Want.MULTI,
            truncate=True,
            max_pixels=profile.max_pixels,
            interactive=True,
        )
        (embedding,) = await self._service.embed(request)
        return embedding


def untold(service: Service) -> RefusedError:
    """Return the refusal of what only a model of this machine can explain."""
    return RefusedError(
        400,
        f"{service.model.name} runs behind a service that does not tell what each vector stands "
        "for: to have hits explained, serve the model on this machine",
        INVALID,
    )


def _lack(profile: IndexProfile) -> str:
    multi = profile.multi_vector
    if multi is None:
        return "the index has no multi-vectors"
    if multi.pool_factor > 1:
        return "the multi-vectors of the index are pooled"
    return "the index does not say what each of its vectors stands for"
