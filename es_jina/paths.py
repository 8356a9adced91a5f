"""Where es_jina keeps what it downloads and what its embedded node stores."""

import os
import tempfile
from pathlib import Path

import platformdirs

# Elasticsearch refuses to run as root, so root's node runs as an ordinary user, and that user must
# be able to walk to these folders: root's own home would shut it out.
ROOT_CACHE = Path("/var/cache/es-jina")
ROOT_DATA = Path("/var/lib/es-jina")


def cache_folder() -> Path:
    """Return the folder for downloads (``ES_JINA_CACHE`` overrides it), created when missing."""
    return _folder("ES_JINA_CACHE", ROOT_CACHE, platformdirs.user_cache_path("es-jina"))


def data_folder() -> Path:
    """Return the folder for node data (``ES_JINA_DATA`` overrides it), created when missing."""
    return _folder("ES_JINA_DATA", ROOT_DATA, platformdirs.user_data_path("es-jina"))


def _folder(variable: str, for_root: Path, for_user: Path) -> Path:
    chosen = os.environ.get(variable)
    if chosen:
        folder = Path(chosen).expanduser().absolute()
    else:
        folder = for_root if os.geteuid() == 0 else for_user
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        if chosen:
            raise
        # A user without a home of their own (a service account, a container) still gets a place.
        folder = Path(tempfile.gettempdir()) / f"es-jina-{os.geteuid()}" / variable[8:].lower()
        folder.mkdir(parents=True, exist_ok=True)
    return folder
