"""Stored search templates as es_jina keeps them.

``PUT _scripts/NAME`` takes no ``_meta``. So what there is to say of a template (its version, a
digest, what it is for) stands in a mustache comment at the head of its ``size``, where it renders
to nothing.
"""

import json
import re
from typing import Any

_ABOUT = re.compile(r"\{\{! es_jina (\d+)(?: ([0-9a-f]{64}))?: (.*?) \}\}")


def read_template(stored: dict[str, Any]) -> dict[str, Any]:
    """Return a template with what its comment says apart from what it does.

    Args:
        stored: the body of ``PUT _scripts/NAME``, or what ``GET`` answers: there, the source is a
            text.

    Returns:
        ``script``, with the source as an object if it is one; ``version`` and ``_meta`` too, where
        the template is one of ours.
    """
    script = stored["script"]
    source = _parsed(script["source"])
    size = source.get("size") if isinstance(source, dict) else None
    about = _ABOUT.match(str(size))
    if about is None:
        return {"script": {"lang": script["lang"], "source": source}}
    version, signature, description = about.groups()
    meta = {"managed_by": "es_jina", "description": description}
    if signature:
        meta["digest"] = signature
    rest = {**source, "size": str(size)[about.end() :]}
    return {
        "version": int(version),
        "_meta": meta,
        "script": {"lang": script["lang"], "source": rest},
    }


def write_template(template: dict[str, Any]) -> dict[str, Any]:
    """Return the body of ``PUT _scripts/NAME`` for what :func:`read_template` reads."""
    script, meta = template["script"], template["_meta"]
    signature = f" {meta['digest']}" if "digest" in meta else ""
    about = f"{{{{! es_jina {template['version']}{signature}: {meta['description']} }}}}"
    source = {**script["source"], "size": about + script["source"]["size"]}
    return {"script": {"lang": script["lang"], "source": source}}


def _parsed(source: Any) -> Any:
    """Return a source as an object; of somebody else's it may be no JSON before it is rendered."""
    if not isinstance(source, str):
        return source
    try:
        return json.loads(source)
    except ValueError:
        return source
