"""The folder that makes an index usable from Kibana, as files."""

from pathlib import Path

import orjson

from es_jina.kibana.bundle import Bundle
from es_jina.kibana.console import console
from es_jina.kibana.readme import readme
from es_jina.kibana.searches import QUERIES, TEMPLATES

# What an export may write into ``search/``: some of it fits no other index.
_SEARCHES = (*(f"{name}.json" for name in TEMPLATES), *(f"{name}.esql" for name in QUERIES))


def files(bundle: Bundle) -> dict[str, bytes]:
    """Return the files of the folder, by their paths in it.

    Raises:
        RequestError: the server's address is not one.
    """
    found = {
        "console.txt": console(bundle).encode(),
        "README.md": readme(bundle).encode(),
        "saved-objects.ndjson": bundle.objects(),
    }
    for template in bundle.searches.templates:
        body = orjson.dumps(template.asset.signed, option=orjson.OPT_INDENT_2)
        found[f"search/{template.name}.json"] = body + b"\n"
    for query in bundle.searches.queries:
        found[f"search/{query.name}.esql"] = f"// {query.about}\n{query.text}".encode()
    return found


def write(bundle: Bundle, folder: Path) -> None:
    """Write the folder in the place of an earlier export, which may be of another index.

    Raises:
        OSError: it cannot be written.
        RequestError: the server's address is not one.
    """
    made = files(bundle)
    for name, content in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for stale in {f"search/{name}" for name in _SEARCHES} - made.keys():
        (folder / stale).unlink(missing_ok=True)
