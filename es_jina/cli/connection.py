"""Which cluster is meant where the command line, the environment and a file each say something."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from es_jina.errors import RequestError


@dataclass(frozen=True, slots=True)
class Level:
    """What is said in one place.

    Attributes:
        place: its name, as an error tells it.
        options: by the names that :class:`es_jina.Cluster` gives them.
    """

    place: str
    options: dict[str, str]


def resolve(command_line: Level, environment: Level, file: Level) -> dict[str, str]:
    """Return the options of the cluster that is meant; without an address where none is said.

    The command line beats the environment, and that the file. The address comes from one place,
    and so does the way to sign in: by API key or by password. The file describes one cluster: its
    key and its password are never sent to another one.

    Raises:
        RequestError: one place says two things that exclude each other.
    """
    levels = [_checked(level) for level in (command_line, environment, file)]
    address = next(filter(None, map(_address, levels)), {})
    if address and not _is_same(address, _address(levels[-1])):
        levels.pop()
    authority = _strongest(levels, "ca_certs")
    return address | _sign_in(levels) | authority


def _checked(level: Level) -> dict[str, str]:
    options = _without_userinfo(level.options)
    for one, other in (("url", "cloud_id"), ("api_key", "username"), ("api_key", "password")):
        if one in options and other in options:
            raise RequestError(f"{level.place} gives both {one} and {other}: leave one of them out")
    return options


def _without_userinfo(options: dict[str, str]) -> dict[str, str]:
    """Take user name and password out of a URL like ``https://name:password@host``."""
    url = options.get("url", "")
    userinfo, at, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
    if not at:
        return options
    username, _, password = map(unquote, userinfo.partition(":"))
    return {
        **options,
        "url": url.replace(f"{userinfo}@", "", 1),
        "username": username,
        "password": password,
    }


def _address(options: dict[str, str]) -> dict[str, str]:
    return {key: options[key] for key in ("url", "cloud_id") if key in options}


def _is_same(one: dict[str, str], other: dict[str, str]) -> bool:
    """Say whether two addresses are the same, however they are written."""
    if one == other:
        return True
    return "url" in one and "url" in other and _parts(one["url"]) == _parts(other["url"])


def _parts(url: str) -> tuple[object, ...]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else None)
    except ValueError:  # not an address, which the client says better
        return (url,)
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/")


def _sign_in(levels: list[dict[str, str]]) -> dict[str, str]:
    """Return the API key, or user name and password, whichever is said in the stronger place."""
    for options in levels:
        if "api_key" in options:
            return {"api_key": options["api_key"]}
        if options.keys() & {"username", "password"}:
            return _basic(levels)
    return {}


def _basic(levels: list[dict[str, str]]) -> dict[str, str]:
    """Return user name and password; two places may say one each, but not of two users."""
    username = _strongest(levels, "username")
    name = username.get("username")
    theirs = [options for options in levels if options.get("username", name) == name]
    found = username | _strongest(theirs, "password")
    if len(found) < 2:
        (lacking,) = {"username", "password"} - found.keys()
        raise RequestError(
            f"a {found.popitem()[0]} alone signs nobody in: give the {lacking} as well, with "
            f"--{lacking} or in ES_JINA_{lacking.upper()}"
        )
    return found


def _strongest(levels: list[dict[str, str]], key: str) -> dict[str, str]:
    return next(({key: options[key]} for options in levels if key in options), {})
