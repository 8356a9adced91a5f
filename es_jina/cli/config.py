"""The configuration file: where the cluster is and how to sign in, in TOML."""

import os
from pathlib import Path
from typing import Any

from es_jina.errors import RequestError

NAME = "es-jina.toml"
KEYS = ("url", "cloud_id", "api_key", "username", "password", "ca_certs")


def config_file() -> Path:
    """Return where the file is: ``ES_JINA_CONFIG``, else in the folder of such files.

    That folder is ``~/.config``, on macOS too, or what ``XDG_CONFIG_HOME`` says.
    """
    named = os.environ.get("ES_JINA_CONFIG")
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / NAME


def read_config() -> dict[str, str]:
    """Return what the file says, by the names in ``KEYS``; nothing where there is none.

    Raises:
        RequestError: naming the file, and the key that is wrong.
    """
    path = config_file()
    options = _parsed(path)
    for key, value in options.items():
        if key not in KEYS:
            raise RequestError(f"{path}: there is no key {key!r}; allowed are {', '.join(KEYS)}")
        if not isinstance(value, str) or not value:
            raise RequestError(f"{path}: {key} must be text in quotes, and not empty")
    if options and not options.keys() & {"url", "cloud_id"}:
        # Without it, a key would go to whatever cluster happens to be asked.
        raise RequestError(f"{path}: add url or cloud_id: the cluster that all the rest is for")
    if "ca_certs" in options:
        options["ca_certs"] = str(path.parent / Path(options["ca_certs"]).expanduser())
    return options


def _parsed(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not os.environ.get("ES_JINA_CONFIG"):
            return {}
        raise RequestError(f"{path}: there is no such file; ES_JINA_CONFIG names it") from None
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # neither TOML nor UTF-8
        raise RequestError(f"{path}: not valid TOML: {error}") from error
