"""Where the model runs and in which precision."""

import torch

from es_jina.errors import ProviderError, RequestError, first_line


def default_device() -> torch.device:
    """Return the best device of this machine."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def default_dtype(device: torch.device, stored: str) -> torch.dtype:
    """Return the precision to compute in.

    bfloat16 on a GPU. On a CPU float32, unless the weights are stored in bfloat16 anyway and the
    CPU multiplies these itself (AVX512-BF16, AMX): that is three to four times as fast as float32
    and needs no second copy of the weights.

    Args:
        device: where the model runs.
        stored: what :meth:`es_jina.model.checkpoint.Checkpoint.stored_dtype` says.
    """
    if device.type != "cpu" or (stored == "BF16" and _cpu_multiplies_bfloat16()):
        return torch.bfloat16
    return torch.float32


def _cpu_multiplies_bfloat16() -> bool:
    # Older releases of torch do not tell.
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def devices_of(name: str | None) -> list[torch.device]:
    """Return the devices that a name stands for: ``cuda`` and no name take every GPU there is.

    Raises:
        ProviderError: there is none on this machine.
    """
    device = default_device() if name is None else device_of(name)
    if device.type == "cuda" and device.index is None:
        return [torch.device("cuda", number) for number in range(torch.cuda.device_count())]
    return [device]


def device_of(name: str) -> torch.device:
    """Return the device of that name.

    Raises:
        ProviderError: there is none on this machine.
    """
    if str(name).partition(":")[0] not in ("cuda", "mps", "cpu"):
        raise ProviderError(f"the device {name!r} is not there: choose cuda, cuda:N, mps or cpu")
    try:
        device = torch.device(name)
        # Read back, so that a device without memory ("meta") fails here too.
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, ImportError) as error:
        raise ProviderError(
            f"the device {name!r} is not there: {first_line(error)[:200]}"
        ) from error
    return device


def allocated(device: torch.device) -> int:
    """Return the bytes of a GPU that torch has taken."""
    return torch.cuda.memory_reserved(device)


def dtype_of(name: str) -> torch.dtype:
    """Return the torch dtype for ``float32``, ``bfloat16`` or ``float16``.

    Raises:
        RequestError: any other name.
    """
    if name not in ("float32", "bfloat16", "float16"):
        raise RequestError(f"no such dtype: {name!r}; choose float32, bfloat16 or float16")
    dtype: torch.dtype = getattr(torch, name)
    return dtype
