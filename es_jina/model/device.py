"""Where the model runs and in which precision."""

import torch

from es_jina.errors import ProviderError, RequestError


def default_device() -> torch.device:
    """Return the best device of this machine."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def default_dtype(device: torch.device) -> torch.dtype:
    """Return float32 for a CPU and bfloat16 for anything faster."""
    return torch.float32 if device.type == "cpu" else torch.bfloat16


def device_of(name: str) -> torch.device:
    """Return the device of that name.

    Raises:
        ProviderError: there is none on this machine.
    """
    try:
        device = torch.device(name)
        # Read back, so that a device without memory ("meta") fails here too.
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, ImportError) as error:
        raise ProviderError(
            f"the device {name!r} is not there: {str(error).splitlines()[0]}"
        ) from error
    return device


def dtype_of(name: str) -> torch.dtype:
    """Return the torch dtype for ``float32``, ``bfloat16`` or ``float16``.

    Raises:
        RequestError: any other name.
    """
    if name not in ("float32", "bfloat16", "float16"):
        raise RequestError(f"no such dtype: {name!r}; choose float32, bfloat16 or float16")
    dtype: torch.dtype = getattr(torch, name)
    return dtype
