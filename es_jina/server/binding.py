"""Where the server may listen, and the certificate that it shows there."""

import ssl
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import NoReturn

from es_jina.errors import RequestError, first_line


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches an address to listen at.

    A name other than localhost counts as one that others reach, whatever it is resolved to.
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_binding(host: str, *, keys: bool, no_auth: bool) -> None:
    """Refuse to let in everybody who reaches this machine, unless that is said.

    Args:
        host: the address to listen at; empty for all of them.
        keys: whether clients need one.
        no_auth: whether it was said that they need none.

    Raises:
        RequestError: what to say instead.
    """
    if keys and no_auth:
        raise RequestError("there are API keys, and --no-auth says that none is needed: leave one")
    if not (keys or no_auth or is_loopback(host)):
        raise RequestError(
            f"--host {host or repr(host)} is reached from other machines, and there are no API "
            "keys: make one with `es-jina key NAME --file FILE` and add --keys FILE, best with "
            "--tls-cert and --tls-key so that nobody reads it on its way; or say --no-auth"
        )


def served_hosts(host: str, named: Iterable[str], *, keys: bool) -> tuple[str, ...] | None:
    """Return the names, beside this machine's own, in ``Host`` of what is served; ``None``: all.

    Args:
        host: the address to listen at; empty for all of them.
        named: that were said to be allowed; where there is one, no others are.
        keys: whether clients need one.
    """
    allowed = tuple(map(_in_header, named))
    if not allowed and (keys or not is_loopback(host)):
        return None
    return (*allowed, _in_header(host)) if host else allowed


def _in_header(host: str) -> str:
    """Return a name or an address as ``Host`` has it, IPv6 short and in brackets."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(address) if address.version == 4 else f"[{address}]"


def tls_arguments(certificate: Path | None, key: Path | None) -> dict[str, str]:
    """Return the arguments of uvicorn for TLS, checked; none where there is no certificate.

    Args:
        certificate: a PEM file with the server's certificate first, and then its authorities'.
        key: a PEM file with the private key; ``None`` where the certificate's file holds it.

    Raises:
        RequestError: a file cannot be read, or they do not belong together.
    """
    if certificate is None:
        if key is not None:
            raise RequestError("--tls-key needs the certificate it belongs to: add --tls-cert FILE")
        return {}
    files = {"--tls-cert": certificate} | ({"--tls-key": key} if key else {})
    for option, file in files.items():
        _check_readable(option, file)
    _check_pair(certificate, key)
    named = {"ssl_certfile": str(certificate)}
    return named | ({"ssl_keyfile": str(key)} if key else {})


def _check_readable(option: str, file: Path) -> None:
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        raise RequestError(f"{option} {file}: cannot be read: {error.strerror}") from error


def _check_pair(certificate: Path, key: Path | None) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a function for it, the library would ask the terminal for a passphrase.
        context.load_cert_chain(certificate, key, lambda: _refuse_passphrase(key or certificate))
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise RequestError(
                f"--tls-cert {certificate} and --tls-key {key}: the key is not the certificate's"
            ) from error
        held = "a certificate" if key else "a certificate and its private key"
        raise RequestError(
            f"--tls-cert {certificate}{f' and --tls-key {key}' if key else ''}: not {held} in PEM "
            f"form{'' if key else ' (a key in a file of its own is named by --tls-key)'}: "
            f"{error.reason or first_line(error)}"
        ) from error


def _refuse_passphrase(file: Path) -> NoReturn:
    raise RequestError(
        f"{file}: the private key has a passphrase, which nobody types when the server starts: "
        "take it off with `openssl pkey -in FILE -out NEW`"
    )
