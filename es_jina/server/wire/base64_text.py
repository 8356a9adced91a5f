"""Base64 as clients write it."""

import asyncio

import pybase64

# Letters that take long enough to decode to hold up other requests.
_LARGE = 64 * 1024
_BLANKS = b" \t\r\n\v\f"
_FROM_URLS = bytes.maketrans(b"-_", b"+/")


async def decoded(text: str) -> bytes:
    """Return what is in base64: also wrapped into lines, in URLs' letters, or without padding.

    Raises:
        ValueError: it is no base64.
    """
    if len(text) > _LARGE:
        return await asyncio.to_thread(_decoded, text)
    return _decoded(text)


def _decoded(text: str) -> bytes:
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        return _lenient(text)


def _lenient(text: str) -> bytes:
    plain = text.encode("ascii").translate(_FROM_URLS, _BLANKS).rstrip(b"=")
    return pybase64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
