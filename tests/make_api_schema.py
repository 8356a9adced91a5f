"""Writes es_jina/testing/schema.json: what the hosted Jina API takes and answers.

    curl -O https://api.jina.ai/openapi.json
    python tests/make_api_schema.py openapi.json

The parts that the stub serves are kept, names and types alone, one definition a line.
"""

import argparse
import json
from pathlib import Path
from typing import Any

KEPT = (
    "EmbeddingsV4Request",
    "EmbeddingsV3Request",
    "ClipV2Request",
    "RerankerM0Request",
    "EmbeddingResponse",
    "RerankingResponse",
    "ErrorResponse",
    "HTTPValidationError",
)
TARGET = Path(__file__).parents[1] / "es_jina" / "testing" / "schema.json"
PROSE = {"title", "description", "example", "examples"}
ROOM = "#/components/schemas/"


def bare(value: Any) -> Any:
    """Return a schema without its prose; its references point below ``$defs``."""
    match value:
        case {"properties": dict(properties), **others}:
            # A property may be called "title".
            return bare(others) | {"properties": {key: bare(properties[key]) for key in properties}}
        case dict():
            return {key: bare(inner) for key, inner in value.items() if key not in PROSE}
        case list():
            return [bare(inner) for inner in value]
        case str():
            return value.replace(ROOM, "#/$defs/")
    return value


def references(value: Any) -> set[str]:
    """Return the names of the definitions that a schema refers to."""
    match value:
        case {"$ref": str(reference)}:
            return {reference.removeprefix("#/$defs/")}
        case dict():
            return set().union(*map(references, value.values()))
        case list():
            return set().union(*map(references, value))
    return set()


def make_schema(document: dict[str, Any]) -> str:
    """Return the schema as text.

    Args:
        document: the published OpenAPI.
    """
    published = document["components"]["schemas"]
    definitions: dict[str, Any] = {}
    needed = set(KEPT)
    while needed:
        definitions |= {name: bare(published[name]) for name in needed}
        needed = references(definitions) - definitions.keys()
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"Of the OpenAPI of api.jina.ai, version {document['info']['version']}.",
    }
    lines = ",\n".join(
        f"{json.dumps(name)}:{json.dumps(definitions[name], separators=(',', ':'))}"
        for name in sorted(definitions)
    )
    return f'{json.dumps(head)[:-1]},\n"$defs":{{\n{lines}\n}}}}\n'


def main() -> None:
    """Run from a shell."""
    parser = argparse.ArgumentParser(description="write es_jina/testing/schema.json")
    parser.add_argument("document", type=Path, help="the published OpenAPI, as JSON")
    document = json.loads(parser.parse_args().document.read_text("utf-8"))
    TARGET.write_text(make_schema(document), "utf-8")


if __name__ == "__main__":
    main()
