"""What a file is called here that a client calls so."""

import re
import unicodedata

# The most that file systems take of a name, in UTF-8.
MOST_BYTES = 255
_SUFFIX_BYTES = 32

# Where a name begins; other systems part folders by a backslash.
_FOLDERS = re.compile(r".*[/\\]", re.DOTALL)
# Control characters, ends of lines, halves of characters, and marks that turn the direction of what
# is shown, so that a name seems to end otherwise than it does.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
# What has a meaning in a pattern, or may stand in no name on Windows.
_SIGNS = re.compile(r'[<>:"|?*]')
# What hides a file at the start of its name, and what Windows does not see at the end.
_AROUND = re.compile(r"^[\s.]+|[\s.]+$")
# Windows sends to a device what is written to a file of such a name, whatever its suffix.
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])[ ]*(?:\.|$)", re.IGNORECASE
)


def safe_name(name: str) -> str:
    """Return what a file is called here.

    Letters of all scripts are kept. The result names a file in a folder, on any system: it leads to
    no other folder, is not hidden and no device, and has at most 255 bytes.

    Args:
        name: as a client says, maybe with folders before it.

    Returns:
        Nothing where nothing of the name is left.
    """
    name = _FOLDERS.sub("", unicodedata.normalize("NFC", name))
    name = _AROUND.sub("", _SIGNS.sub("_", _UNSEEN.sub("", name)))
    if _DEVICE.match(name):
        name = f"_{name}"
    return _shortened(name)


def _shortened(name: str) -> str:
    """Cut off what is too long; the suffix, which says what a file is, stays."""
    if len(name.encode()) <= MOST_BYTES:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > _SUFFIX_BYTES:
        stem, dot, suffix = name, "", ""
    room = MOST_BYTES - len((dot + suffix).encode())
    return _AROUND.sub("", stem.encode()[:room].decode("utf-8", "ignore")) + dot + suffix
