"""The folder that makes an index usable from Kibana, as files."""

import orjson

from es_jina.kibana.bundle import Bundle
from es_jina.kibana.console import console
from es_jina.kibana.readme import readme


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
