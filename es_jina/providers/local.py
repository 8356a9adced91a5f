"""The model in this process, on the machine's own GPU or CPU."""

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, ProviderError, RequestError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.model.batching import Row, RowBuilder, by_length
from es_jina.model.device import device_of, dtype_of
from es_jina.model.jina_v4 import JinaV4, Output
from es_jina.model.tokens import TextTokenizer
from es_jina.pictures import open_picture
from es_jina.providers.base import MODEL_ID, ModelInfo, Want
from es_jina.providers.checkpoints import HUB_REVISION, describe_local


class LocalProvider:
    """jina-embeddings-v4 from a checkpoint folder or from the hub."""

    def __init__(
        self, model: str = MODEL_ID, *, device: str | None = None, dtype: str | None = None
    ) -> None:
        """Load the model.

        Args:
            model: a folder in the layout of jina-embeddings-v4, or its hub id.
            device: ``cuda``, ``mps`` or ``cpu``; the best one by default.
            dtype: ``float32``, ``bfloat16`` or ``float16``; by default bfloat16 on a GPU and
                float32 on a CPU.

        Raises:
            CheckpointError: the checkpoint is not complete.
            ProviderError: it cannot be downloaded or the device is not there.
            RequestError: no such dtype.
        """
        self._info = describe_local(model)
        folder = _download() if model == MODEL_ID else Path(self._info.name)
        chosen = device_of(device) if device else None
        self._network = JinaV4(folder, chosen, dtype_of(dtype) if dtype else None)
        self._rows = RowBuilder(self._network, TextTokenizer(folder))
        # The adapters' rows are state of the network while a batch runs.
        self._lock = threading.Lock()

    @property
    def model(self) -> ModelInfo:
        """What this provider runs."""
        return self._info

    @property
    def device(self) -> str:
        """Where it runs and in which precision, for people."""
        return f"{self._network.device.type}, {str(self._network.dtype).removeprefix('torch.')}"

    def embed(
        self,
        inputs: Sequence[Input],
        task: Task,
        want: Want,
        *,
        max_pixels: int | None = None,
    ) -> list[Embedding | ItemError]:
        """Embed inputs in input order; see :meth:`es_jina.providers.base.Provider.embed`."""
        self._check_adapter(task)
        if max_pixels is not None and max_pixels < 1:
            raise RequestError(f"max_pixels is {max_pixels}: it must be above 0")
        results: list[Embedding | ItemError | None] = [None] * len(inputs)
        kinds: dict[bool, list[tuple[int, Row]]] = {False: [], True: []}
        for number, item in enumerate(inputs):
            try:
                row = self._row(item, task, max_pixels)
            except ItemError as error:
                results[number] = error
            else:
                kinds[row.patches is not None].append((number, row))
        for numbered in kinds.values():
            for group in by_length(numbered, lambda pair: len(pair[1].input_ids)):
                rows = [row for _, row in group]
                for (number, _), embedding in zip(group, self._run(rows, want), strict=True):
                    results[number] = embedding
        return [result for result in results if result is not None]

    def close(self) -> None:
        """Nothing to let go of: the weights go with the object."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _row(self, item: Input, task: Task, max_pixels: int | None) -> Row:
        match item:
            case Text(text):
                return self._rows.text(text, task.prompt, task.adapter)
            case Image():
                return self._rows.image(open_picture(item), task.adapter, max_pixels)

    def _run(self, rows: Sequence[Row], want: Want) -> list[Embedding]:
        batch = self._rows.batch(rows)
        try:
            with self._lock:
                output = self._network.forward(batch, multi=Want.MULTI in want)
        except RuntimeError as error:  # out of memory, or the driver gave up
            raise ProviderError(
                f"the model failed on {self.device} over {batch.input_ids.numel():,} tokens "
                f"({_first_line(error)}); give it smaller inputs or fewer pixels"
            ) from error
        return _embeddings(output, [len(row.input_ids) for row in rows], want)

    def _check_adapter(self, task: Task) -> None:
        if task.adapter not in self._network.settings.tasks:
            raise RequestError(
                f"{self._info.name} has no adapter for {task.value}; it has "
                f"{', '.join(self._network.settings.tasks)}"
            )


def _embeddings(output: Output, lengths: Sequence[int], want: Want) -> list[Embedding]:
    singles = output.single.cpu().numpy()
    multis = None if output.multi is None else output.multi.cpu().numpy()
    # Copies: one embedding that is kept must not keep the whole padded batch.
    return [
        Embedding(
            single=singles[row].copy() if Want.SINGLE in want else None,
            multi=None if multis is None else multis[row, :length].copy(),
            tokens=length,
        )
        for row, length in enumerate(lengths)
    ]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0] or type(error).__name__


def _download() -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(
                MODEL_ID,
                revision=HUB_REVISION,
                # Weights and settings; never code, never pickles.
                allow_patterns=["*.json", "*.safetensors", "adapters/*"],
            )
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ProviderError(
            f"{MODEL_ID} cannot be downloaded ({_first_line(error)}); download it elsewhere and "
            "give the folder, or use the hosted API with a key in JINA_API_KEY"
        ) from error
