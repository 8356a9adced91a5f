"""The data view: what Kibana knows of the index's fields, and how it shows them."""

from typing import Any
from urllib.parse import quote

from es_jina.kibana.saved_object import SavedObject, inner_json, object_id, saved_object
from es_jina.profile import GRID_FIELD, MULTI_VECTOR_FIELD, IndexProfile

TIME_FIELD = "ingested_at"
# Fields of the data view alone: Elasticsearch computes them while it reads a document.
THUMBNAIL, OPEN, LINK = "thumbnail", "open", "source.link"
# Those that need the server.
SERVED = (THUMBNAIL, OPEN)

# Pixels; a thumbnail is 320 at most.
_WIDTH, _HEIGHT = 160, 160
# Without a value Kibana asks for no picture. The server draws none of a text, nor of a record of a
# file, which has a # in its source's address.
_PICTURED = """
if (doc['ref'].size() != 0 && doc['kind'].size() != 0 && doc['source.uri'].size() != 0) {
  String kind = doc['kind'].value;
  String uri = doc['source.uri'].value;
  boolean file = uri.startsWith('file:///') && !uri.contains('#');
  boolean web = uri.startsWith('http://') || uri.startsWith('https://');
  if ((kind == 'page' || kind == 'image') && (file || web)) {
    emit(doc['ref'].value);
  }
}
"""
_REF = """
if (doc['ref'].size() != 0) {
  emit(doc['ref'].value);
}
"""
# Kibana would take any other address for one of its own.
_WEB = """
if (doc['source.uri'].size() != 0) {
  String uri = doc['source.uri'].value;
  if (uri.startsWith('http://') || uri.startsWith('https://')) {
    emit(uri);
  }
}
"""
_LABELS = {
    THUMBNAIL: "Picture",
    OPEN: "Open",
    LINK: "Link",
    TIME_FIELD: "Ingested",
    "title": "Title",
    "page": "Page",
    "kind": "Kind",
    "source.uri": "Source",
    "ingest_error.message": "Ingest error",
}


def data_view_id(index: str) -> str:
    """Return the data view's id."""
    return object_id(index, "data-view")


def data_view(index: str, profile: IndexProfile, server: str | None) -> SavedObject:
    """Return the data view of an index.

    Args:
        index: the index, or its alias.
        profile: names the vectors, which are neither shown nor fetched.
        server: the address of `es-jina serve` as browsers reach it, without a slash at its end;
            ``None`` leaves out what needs it.
    """
    scripts, formats = _own_fields(index, server)
    hidden = [*(dense.field for dense in profile.dense), MULTI_VECTOR_FIELD, GRID_FIELD]
    shown = {name: label for name, label in _LABELS.items() if server or name not in SERVED}
    attributes = {
        "title": index,
        "name": f"{index} (es_jina)",
        "timeFieldName": TIME_FIELD,
        "fieldFormatMap": inner_json(formats),
        "runtimeFieldMap": inner_json(
            {
                name: {"type": "keyword", "script": {"source": script.strip()}}
                for name, script in scripts.items()
            }
        ),
        # Discover asks for all fields but these.
        "sourceFilters": inner_json([{"value": name} for name in hidden]),
        "fieldAttrs": inner_json({name: {"customLabel": label} for name, label in shown.items()}),
        "fields": "[]",
        "typeMeta": "{}",
    }
    return saved_object("index-pattern", data_view_id(index), attributes)


def _own_fields(index: str, server: str | None) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Return the scripts of the data view's own fields, and the formats of all fields."""
    scripts = {LINK: _WEB}
    formats: dict[str, dict[str, Any]] = {
        LINK: {"id": "url", "params": {"type": "a"}},
        "source.size": {"id": "bytes", "params": {}},
    }
    if server is not None:
        scripts |= {THUMBNAIL: _PICTURED, OPEN: _REF}
        formats |= {THUMBNAIL: _picture(index, server), OPEN: _opened(index, server)}
    return scripts, formats


def _picture(index: str, server: str) -> dict[str, Any]:
    # Kibana percent-encodes {{value}}, and takes a template's other braces as they are.
    return {
        "id": "url",
        "params": {
            "type": "img",
            "urlTemplate": f"{server}/thumbnails/{{{{value}}}}?index={quote(index, safe='')}",
            "labelTemplate": "Picture of the page",
            "width": _WIDTH,
            "height": _HEIGHT,
        },
    }


def _opened(index: str, server: str) -> dict[str, Any]:
    """Return the format that links a document in the search page, before others like it."""
    return {
        "id": "url",
        "params": {
            "type": "a",
            "urlTemplate": f"{server}/?index={quote(index, safe='')}"
            "&like={{value}}&open={{value}}",
            "labelTemplate": "Open",
        },
    }
