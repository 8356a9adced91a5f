"""The addresses that people give: Kibana's, and that of `es-jina serve`."""

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from es_jina.errors import RequestError

# A host's labels, as they are asked for: in ASCII.
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_BRACKETED = re.compile(r"\[[^]%]*\](:\d+)?")
# Without what ends a link in Markdown, or begins a field in a Kibana template.
_PATH = re.compile(r"[A-Za-z0-9._~!$&*+,;=:%/-]*")


def web_address(told: str, whose: str, example: str) -> str:
    """Return an address that others may be put behind, without a slash at its end.

    Args:
        told: the address; it goes into saved objects, Markdown among them, and to whoever sees
            them.
        whose: what it is, at the beginning of a sentence.
        example: of a good one.

    Raises:
        RequestError: it is none, or has a user in it.
    """
    if "@" in told:
        # Not shown: it may hold a password.
        raise RequestError(f"{whose}: leave user and password out of it; give it as {example}")
    try:
        return _checked(told)
    except ValueError as error:
        raise RequestError(
            f"{whose} {told!r} is not an address such as {example}: http or https, a host, a port "
            "up to 65535 and a path if need be, and nothing else"
        ) from error


def _checked(told: str) -> str:
    # Here, since urlsplit leaves line ends and tabs out and says nothing.
    if not told.isprintable() or " " in told or "\\" in told:
        raise ValueError("a blank, or what nobody sees")
    parts = urlsplit(told)
    port = parts.port
    if parts.scheme not in ("http", "https") or port == 0 or parts.netloc.endswith(":"):
        raise ValueError("the scheme or the port")
    if "?" in told or "#" in told or not _PATH.fullmatch(parts.path):
        raise ValueError("what is behind the host")
    _check_host(parts)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _check_host(parts: SplitResult) -> None:
    """Refuse a host that no name server can be asked for."""
    host = parts.hostname or ""
    if "[" in parts.netloc:
        IPv6Address(host)
        if not _BRACKETED.fullmatch(parts.netloc):
            raise ValueError("what is behind the host")
        return
    labels = host.encode("idna").decode("ascii").removesuffix(".").split(".")
    if not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("the host")
