"""The providers: what turns inputs into embeddings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from es_jina.dense import MATRYOSHKA_DIMS, DenseProfile, ElementType
from es_jina.errors import RequestError
from es_jina.profile import IndexProfile, MultiVectorProfile, Store
from es_jina.providers.base import MODEL_ID, ModelInfo, Provider, Reranker, Tokenizer
from es_jina.providers.encodings import EmbeddingType
from es_jina.providers.hosted_models import hosted_model
from es_jina.providers.keys import KEY_VARIABLE, find_key, has_key

ProviderName = Literal["local", "hosted"]

# For which a server that is busy or out of reach is asked what it runs.
_ASKING_SECONDS = 10.0


def choose_provider(
    model: str | None, server: str | None = None, key_file: Path | None = None
) -> ProviderName:
    """Return the provider that serves a model when nobody named one.

    A folder is run here. The hub's model is asked of the hosted API where there is a server or a
    key for it, unless someone names the model, and so the local way, on purpose.
    """
    if server or key_file or (model is None and has_key()):
        return "hosted"
    return "local"


def open_provider(
    name: ProviderName,
    model: str | None = None,
    *,
    device: str | None = None,
    dtype: str | None = None,
    merge: str | None = None,
    patience: float | None = None,
    server: str | None = None,
    key_file: Path | None = None,
    max_tokens: int | None = None,
    embedding_type: EmbeddingType = "base64",
) -> Provider:
    """Open a provider; a local one loads its model.

    Args:
        name: ``local`` or ``hosted``.
        model: a checkpoint folder or the hub id, by default the hub id; for ``hosted`` also
            jina-embeddings-v3 or jina-clip-v2.
        device: for ``local``: cuda, mps or cpu.
        dtype: for ``local``: float32, bfloat16 or float16.
        merge: for ``local``: the one adapter to fold into the weights.
        patience: for ``hosted``: how many seconds a call goes on trying while the API is busy or
            out of reach; two minutes by default.
        server: for ``hosted``: another address with the same API.
        key_file: for ``hosted``: a file that holds the key, in place of ``JINA_API_KEY``.
        max_tokens: for ``hosted``: how many may be billed.
        embedding_type: for ``hosted``: how vectors travel.

    Raises:
        ProviderError: the model cannot be loaded, or the key cannot be right.
        RequestError: no such provider, the extra for it is not installed, or the hosted API runs no
            such model.
    """
    _check_name(name)
    if name == "hosted":
        from es_jina.providers.hosted import HostedProvider
        from es_jina.providers.service import BASE_URL, PATIENCE

        return HostedProvider(
            find_key(key_file=key_file),
            base_url=server or BASE_URL,
            model=model or MODEL_ID,
            patience=PATIENCE if patience is None else patience,
            max_tokens=max_tokens,
            embedding_type=embedding_type,
        )
    _require_local_extra()
    from es_jina.providers.local import LocalProvider

    return LocalProvider(model or MODEL_ID, device=device, dtype=dtype, merge=merge)


def open_workers(
    name: ProviderName,
    model: str | None = None,
    *,
    device: str | None = None,
    dtype: str | None = None,
    server: str | None = None,
    key_file: Path | None = None,
    patience: float | None = None,
) -> list[Provider]:
    """Open providers that work side by side: one for each GPU, or one.

    Args:
        name: ``local`` or ``hosted``.
        model: as :func:`open_provider` takes it.
        device: for ``local``; ``cuda``, or none on a machine with GPUs, is every GPU.
        dtype: for ``local``.
        server: for ``hosted``.
        key_file: for ``hosted``.
        patience: for ``hosted``.

    Raises:
        ProviderError: the model cannot be loaded, or the key cannot be right.
        RequestError: no such provider, the extra for it is not installed, or the hosted API runs no
            such model.
    """
    devices: list[str | None] = [device]
    if name == "local":
        _require_local_extra()
        from es_jina.providers.local import device_names

        devices = [*device_names(device)]
    return [
        open_provider(
            name,
            model,
            device=each,
            dtype=dtype,
            patience=patience,
            server=server,
            key_file=key_file,
        )
        for each in devices
    ]


def open_reranker(
    *, server: str | None = None, key_file: Path | None = None, patience: float | None = None
) -> Reranker:
    """Open the hosted reranker, jina-reranker-m0.

    Args:
        server: another address with the same API.
        key_file: a file that holds the key, in place of ``JINA_API_KEY``.
        patience: how many seconds a call goes on trying while the API is busy or out of reach; two
            minutes by default.

    Raises:
        ProviderError: there is no key, or the address cannot be right.
        RequestError: the file holds no key.
    """
    from es_jina.providers.reranker import HostedReranker
    from es_jina.providers.service import BASE_URL, PATIENCE

    return HostedReranker(
        find_key(key_file=key_file),
        base_url=server or BASE_URL,
        patience=PATIENCE if patience is None else patience,
    )


def open_tokenizer(
    name: ProviderName, model: str | None = None, *, server: str | None = None
) -> Tokenizer:
    """Open what counts the tokens of a provider's model, without loading the model.

    For ``local`` it is the checkpoint's own, of which one file is downloaded where it is not there
    yet; for ``hosted`` an estimate that needs no download and errs upwards.

    Args:
        name: ``local`` or ``hosted``.
        model: a checkpoint folder or the hub id, by default the hub id.
        server: for ``hosted``: another address with the same API.

    Raises:
        ProviderError: the tokenizer is not there and cannot be downloaded.
        RequestError: no such provider, the extra for it is not installed, or the hosted API runs no
            such model.
    """
    _check_name(name)
    if name == "hosted":
        from es_jina.providers.tokenizers import EstimatedTokens

        hosted_model(model, server=server is not None)
        return EstimatedTokens()
    _require_local_extra()
    from es_jina.providers.checkpoints import open_local_tokenizer

    return open_local_tokenizer(model or MODEL_ID)


def describe(
    name: ProviderName,
    model: str | None = None,
    *,
    server: str | None = None,
    key_file: Path | None = None,
) -> ModelInfo:
    """Say what a provider would run, without loading or downloading it.

    Args:
        name: ``local`` or ``hosted``.
        model: a checkpoint folder or the hub id, by default the hub id.
        server: for ``hosted``: another address with the same API, which is asked what it runs; one
            that does not tell is taken for what the model's name says, or jina-embeddings-v4.
        key_file: for ``hosted``: a file that holds the key, in place of ``JINA_API_KEY``.

    Raises:
        ProviderError: the checkpoint is not complete; the server cannot be reached, or refuses the
            key.
        RequestError: the extra for it is not installed, or the hosted API, or the server, runs no
            such model.
    """
    if name == "hosted" and server is None:
        return hosted_model(model).info
    if name == "hosted":
        with open_provider(
            name, model, server=server, key_file=key_file, patience=_ASKING_SECONDS
        ) as opened:
            return opened.model
    _require_local_extra()
    from es_jina.providers.checkpoints import describe_local

    return describe_local(model or MODEL_ID)


def profile_for(
    info: ModelInfo,
    *,
    dense: Sequence[DenseProfile] = (),
    store: Store | None = "binary",
    element_type: ElementType = "bit",
    pool_factor: int = 1,
    max_pixels: int | None = None,
) -> IndexProfile:
    """Return the profile of an index for a model.

    Args:
        info: the model.
        dense: the dense fields; by default one of 1024 dims, or of the model's largest Matryoshka
            size below.
        store: of the multi-vectors; ``None`` for an index without.
        element_type: of the multi-vectors.
        pool_factor: how many of their vectors become one by token pooling.
        max_pixels: the pixel budget; by default the model's.

    Raises:
        RequestError: the model does not have such dims.
    """
    sizes = [size for size in info.dims if size in MATRYOSHKA_DIMS]
    if not sizes:
        raise RequestError(f"{info.name} has dims {info.dims}: none that an index can hold")
    usual = DenseProfile.of(max((s for s in sizes if s <= 1024), default=sizes[0]))
    wanted = sorted({*dense} or {usual}, key=lambda field: field.dims)
    if impossible := [field.dims for field in wanted if field.dims not in sizes]:
        raise RequestError(
            f"{info.name} has no dims {', '.join(map(str, impossible))}: choose from "
            f"{', '.join(map(str, sizes))}"
        )
    multi = None
    if store is not None:
        if info.multi_dims is None:
            raise RequestError(f"{info.name} has no multi-vectors: leave them out (--multi none)")
        multi = MultiVectorProfile(store, element_type, info.multi_dims, pool_factor)
    return IndexProfile(
        model=info.name,
        revision=info.revision,
        dense=tuple(wanted),
        multi_vector=multi,
        max_pixels=info.max_pixels if max_pixels is None else max_pixels,
    )


def _check_name(name: str) -> None:
    if name not in get_args(ProviderName):
        raise RequestError(f"no such provider: {name!r}; choose local or hosted")


def _require_local_extra() -> None:
    from importlib.util import find_spec

    missing = [module for module in ("torch", "transformers") if find_spec(module) is None]
    if missing:
        raise RequestError(
            f"the local model needs {' and '.join(missing)}: pip install 'es_jina[local]', or use "
            f"the hosted API with a key in {KEY_VARIABLE}"
        )
