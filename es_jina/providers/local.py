"""The model in this process, on the machine's own GPUs or CPU."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np

from es_jina.embedding import Embedding, TokenSpans, Vector, cut, unit
from es_jina.errors import CheckpointError, ItemError, ProviderError, RequestError, first_line
from es_jina.inputs import Image, Input, Task, Text
from es_jina.model.batching import Cost
from es_jina.model.checkpoint import Checkpoint
from es_jina.model.device import allocated, devices_of, dtype_of
from es_jina.model.engine import Engine, Job, Result
from es_jina.model.jina_v4 import JinaV4
from es_jina.model.late_chunking import LateChunks, SpanResult
from es_jina.model.rows import Row, RowBuilder
from es_jina.model.tokens import TextTokenizer
from es_jina.pictures import open_picture, picture_size
from es_jina.providers.base import LICENCE, MODEL_ID, ModelInfo, Want
from es_jina.providers.checkpoints import HUB_REVISION, describe_local
from es_jina.providers.checks import (
    check_max_pixels,
    check_want,
    checked_inputs,
    checked_spans,
    checked_task,
    checked_tasks,
)

# Weights and settings; never code, never pickles.
_DOWNLOADED = ["*.json", "*.safetensors", "adapters/*"]


class LocalProvider:
    """jina-embeddings-v4 from a checkpoint folder or from the hub."""

    def __init__(
        self,
        model: str = MODEL_ID,
        *,
        device: str | None = None,
        dtype: str | None = None,
        merge: str | None = None,
    ) -> None:
        """Load the model.

        Args:
            model: a folder in the layout of jina-embeddings-v4, or its hub id.
            device: ``cuda``, ``mps`` or ``cpu``; the best one by default. ``cuda`` takes every GPU
                of the machine, ``cuda:1`` that one.
            dtype: ``float32``, ``bfloat16`` or ``float16``; by default bfloat16 on a GPU, and on a
                CPU float32, or bfloat16 where weights stored so are faster on that CPU.
            merge: ``retrieval``, ``text-matching`` or ``code``: fold that adapter into the weights,
                for a service that needs no other; faster, and tasks of other adapters are refused.

        Raises:
            CheckpointError: the checkpoint is not complete.
            ProviderError: it cannot be downloaded or the device is not there.
            RequestError: no such dtype, or no such adapter to merge.
        """
        self._info = describe_local(model)
        chosen = None if dtype is None else dtype_of(dtype)
        devices = devices_of(device)
        folder = _download() if model == MODEL_ID else Path(self._info.name)
        self._networks = [JinaV4(folder, each, chosen, merge) for each in devices]
        self._rows = RowBuilder(self._networks[0], TextTokenizer(folder))
        self._engine = Engine(self._networks, self._rows)
        self._closed = False

    def __repr__(self) -> str:
        return f"LocalProvider({self._info.name!r}, {self.device})"

    @property
    def model(self) -> ModelInfo:
        """What this provider runs."""
        return self._info

    @property
    def device(self) -> str:
        """Where it runs and in which precision, for people."""
        network, count = self._networks[0], len(self._networks)
        many = f"{count} x " if count > 1 else ""
        return f"{many}{network.device.type}, {str(network.dtype).removeprefix('torch.')}"

    def memory(self) -> dict[str, int]:
        """Return the bytes that torch takes of each GPU, by the device's name."""
        devices = [network.device for network in self._networks]
        return {str(device): allocated(device) for device in devices if device.type == "cuda"}

    def embed(
        self,
        inputs: Iterable[Input],
        task: Task | Sequence[Task],
        want: Want,
        *,
        max_pixels: int | None = None,
        dimensions: int | None = None,
        truncate: bool = False,
    ) -> list[Embedding | ItemError]:
        """Embed inputs in input order; see :meth:`es_jina.providers.base.Provider.embed`.

        Beside one task for all inputs this takes one for each, and serves them together.
        """
        inputs = checked_inputs(inputs)
        tasks = checked_tasks(task, len(inputs))
        self._check(tasks, want, dimensions)
        check_max_pixels(max_pixels)
        found: dict[int, Embedding | ItemError] = {}
        jobs = []
        spans = Want.MULTI in want
        for number, job in enumerate(self._jobs(inputs, tasks, max_pixels, spans, truncate)):
            if isinstance(job, ItemError):
                found[number] = job
            else:
                jobs.append(job)
        done = self._engine.run(jobs, multi=Want.MULTI in want)
        for number, result in done.items():
            found[number] = (
                result if isinstance(result, ItemError) else _embedding(result, want, dimensions)
            )
        return [found[number] for number in range(len(inputs))]

    def embed_spans(
        self,
        text: str,
        spans: Sequence[tuple[int, int]],
        task: Task,
        want: Want = Want.SINGLE,
        *,
        dimensions: int | None = None,
    ) -> list[Embedding | ItemError]:
        """Embed parts of one text that is read as a whole (late chunking).

        Args:
            text: of any length; over the model's 32,768 tokens it is read in overlapping windows.
            spans: first character and the one behind the last of each part; parts may overlap. A
                token that reaches over a border counts on both sides.
            task: the task.
            want: single vectors, multi-vectors, or both.
            dimensions: the Matryoshka size of the single vectors; the full size by default.

        Returns:
            One entry for each span: its embedding, whose `tokens` are those of the span alone, or
            why it has none.

        Raises:
            ProviderError: the whole call failed.
            RequestError: the text is no str, a span is no pair of whole numbers, no such task or
                dimensions, or no adapter for the task.
        """
        task = checked_task(task)
        self._check([task], want, dimensions)
        spans = checked_spans(text, spans)
        [tokens] = self._rows.tokenizer.encode([task.prompt + text], spans=True, limit=None)
        if isinstance(tokens, ItemError):
            return [tokens for _ in spans]
        chunks = LateChunks(tokens, len(text), task.prompt, task.adapter, spans)
        jobs = [_text_job(number, row) for number, row in enumerate(chunks.rows)]
        done = self._engine.run(jobs, multi=Want.MULTI in want)
        windows = []
        for number in range(len(jobs)):
            window = done[number]
            if isinstance(window, ItemError):
                return [window for _ in spans]
            windows.append(window)
        found: dict[int, Embedding | ItemError] = dict(chunks.problems)
        for number, result in chunks.results(windows):
            found[number] = _span_embedding(result, want, dimensions)
        return [found[number] for number in range(len(spans))]

    def close(self) -> None:
        """Stop the threads and refuse further calls; the weights go with the object."""
        self._closed = True
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _check(self, tasks: Sequence[Task], want: Want, dimensions: int | None) -> None:
        if self._closed:
            raise RequestError("this provider is closed: open another")
        network = self._networks[0]
        for task in tasks:
            if task.adapter not in network.tasks:
                loaded = "was loaded with one adapter merged" if network.merged else "has"
                raise RequestError(
                    f"{self._info.name} has no adapter for {task.value} here: it {loaded} "
                    f"({', '.join(network.tasks)})"
                )
        check_want(want)
        self._info.check_dimensions(dimensions)

    def _jobs(
        self,
        inputs: Sequence[Input],
        tasks: Sequence[Task],
        max_pixels: int | None,
        spans: bool,
        truncate: bool,
    ) -> Iterator[Job | ItemError]:
        """Yield what is to be run for each input: texts tokenised, pictures only measured."""
        texts = self._rows.texts(
            [
                (item.text, task)
                for item, task in zip(inputs, tasks, strict=True)
                if isinstance(item, Text)
            ],
            spans=spans,
            truncate=truncate,
        )
        for number, (item, task) in enumerate(zip(inputs, tasks, strict=True)):
            match item:
                case Text():
                    row = next(texts)
                    yield row if isinstance(row, ItemError) else _text_job(number, row)
                case Image():
                    yield self._image_job(number, item, task.adapter, max_pixels)

    def _image_job(
        self, number: int, image: Image, adapter: str, max_pixels: int | None
    ) -> Job | ItemError:
        try:
            cost = self._rows.image_cost(picture_size(image), max_pixels)
        except ItemError as error:
            return error
        return Job(
            number,
            cost,
            partial(_image_row, self._rows, image, adapter, max_pixels),
        )


def device_names(name: str | None) -> list[str]:
    """Return the devices that a name stands for: ``cuda`` and no name take every GPU there is.

    Raises:
        ProviderError: there is none on this machine.
    """
    return [str(device) for device in devices_of(name)]


def _image_row(rows: RowBuilder, image: Image, adapter: str, max_pixels: int | None) -> Row:
    return rows.image(open_picture(image), adapter, max_pixels)


def _text_job(number: int, row: Row) -> Job:
    return Job(number, Cost(len(row.input_ids)), row)


def _single(mean: Vector, dimensions: int | None) -> Vector:
    single = unit(mean)
    return single if dimensions is None else cut(single, dimensions)


def _embedding(result: Result, want: Want, dimensions: int | None) -> Embedding | ItemError:
    row = result.row
    if not _finite(result.means, result.multi):
        return _not_finite()
    return Embedding(
        single=_single(result.means[0], dimensions) if Want.SINGLE in want else None,
        multi=result.multi,
        tokens=len(row.input_ids),
        layout=row.layout if Want.MULTI in want else None,
        truncated=row.truncated,
    )


def _span_embedding(
    result: SpanResult, want: Want, dimensions: int | None
) -> Embedding | ItemError:
    if not _finite(result.mean, result.multi):
        return _not_finite()
    return Embedding(
        single=_single(result.mean, dimensions) if Want.SINGLE in want else None,
        multi=result.multi,
        tokens=len(result.characters),
        layout=TokenSpans(result.characters) if Want.MULTI in want else None,
    )


def _finite(*vectors: Vector | None) -> bool:
    return all(bool(np.isfinite(each).all()) for each in vectors if each is not None)


def _not_finite() -> ItemError:
    return ItemError(
        "the model gave numbers that are not finite: try another dtype (float32), and look at the "
        "checkpoint's weights"
    )


def _download() -> Path:
    """Return the folder of the hub's model, downloaded unless it is there already.

    Raises:
        ProviderError: it is not there and cannot be fetched.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.constants import HF_HUB_OFFLINE
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    fetch = partial(snapshot_download, MODEL_ID, revision=HUB_REVISION, allow_patterns=_DOWNLOADED)
    try:
        folder = Path(fetch(local_files_only=True))
        Checkpoint(folder).check_files()
    except (LocalEntryNotFoundError, CheckpointError):  # not there, or cut off half-way
        pass
    else:
        return folder
    if not HF_HUB_OFFLINE:
        # Said when the weights are about to be taken; the hub's own progress bars follow.
        print(LICENCE, file=sys.stderr)
    try:
        return Path(fetch())
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ProviderError(
            f"{MODEL_ID} cannot be downloaded ({first_line(error)}); download it elsewhere and "
            "give the folder, or use the hosted API with a key in JINA_API_KEY"
        ) from error
