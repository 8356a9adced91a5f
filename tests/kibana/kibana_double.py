"""A Kibana that takes imports by Kibana's rules: those of its documentation and its source.

It has spaces, users and API keys, and keeps what was imported. It migrates nothing: what a line of
Kibana knows decides what is refused. An object that is in another space already gets another id in
Kibana; here each space has its own.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

Object = dict[str, Any]

# The newest version of each type's attributes: what each line writes when it exports.
LINES = {
    "8.9.0": {"index-pattern": "8.0.0", "search": "8.0.0", "dashboard": "8.9.0"},
    "8.19.0": {"index-pattern": "8.0.0", "search": "10.5.0", "dashboard": "10.3.0"},
    "9.5.0": {"index-pattern": "8.0.0", "search": "10.15.0", "dashboard": "10.4.0"},
}
# Attributes that each type has had since 8.9; it refuses others. A data view takes any.
ATTRIBUTES = {
    "search": {
        *("title", "description", "columns", "sort", "grid", "rowHeight", "rowsPerPage"),
        *("hideChart", "breakdownField", "kibanaSavedObjectMeta", "isTextBasedQuery", "hits"),
        *("usesAdHocDataView", "timeRestore", "timeRange", "refreshInterval", "viewMode"),
        *("hideAggregatedPreview", "version"),
    },
    "dashboard": {
        *("title", "description", "kibanaSavedObjectMeta", "timeRestore", "timeFrom", "timeTo"),
        *("refreshInterval", "controlGroupInput", "panelsJSON", "optionsJSON", "hits", "version"),
    },
}
MOST_OBJECTS = 10_000
# Only references to these are checked.
CHECKED = ("index-pattern", "search")
HOLDING_UP = ("conflict", "ambiguous_conflict", "missing_references")


class RefusedError(Exception):
    """The whole request is refused."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class KibanaDouble:
    """Kibana.

    Attributes:
        server: that it answers on.
        version: of Kibana; one of `LINES`.
        readers: what `Authorization` says of those who may look and not import.
        writers: the same of those who may do both; ``None`` for a Kibana without security.
        spaces: their ids.
        most_bytes: of a request, as `savedObjects.maxImportPayloadBytes`.
        ready: whether it has started.
        there: by space, type and id: what was imported.
    """

    server: HTTPServer
    version: str = "9.5.0"
    readers: frozenset[str] = frozenset()
    writers: frozenset[str] | None = None
    spaces: frozenset[str] = frozenset({"default"})
    most_bytes: int = 26_214_400
    ready: bool = True
    there: dict[tuple[str, str, str], Object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server.expect_request(re.compile(".*")).respond_with_handler(self._answer)

    @property
    def url(self) -> str:
        return self.server.url_for("").rstrip("/")

    def objects(self, space: str = "default") -> list[tuple[str, str]]:
        """Type and id of what a space has, in order."""
        return sorted(key[1:] for key in self.there if key[0] == space)

    def _answer(self, request: Request) -> Response:
        if not self.ready:
            return Response("Kibana server is not ready yet", 503, {"Retry-After": "30"})
        try:
            told, status = self._asked(request), 200
        except RefusedError as refused:
            status = refused.status
            told = {"statusCode": status, "error": "Refused", "message": str(refused)}
        return Response(json.dumps(told), status, {"kbn-name": "double"}, None, "application/json")

    def _asked(self, request: Request) -> Object:
        who = request.headers.get("Authorization", "")
        if self.writers is not None and who not in self.readers | self.writers:
            raise RefusedError(401, "Unauthorized")
        if request.method != "GET" and "kbn-xsrf" not in request.headers:
            raise RefusedError(400, "Request must contain a kbn-xsrf header.")
        space, path = "default", request.path
        if path.startswith("/s/"):
            space, _, rest = path.removeprefix("/s/").partition("/")
            path = f"/{rest}"
        if request.method == "GET" and path.startswith("/api/spaces/space/"):
            return self._space(path.rpartition("/")[2])
        if request.method != "POST" or path != "/api/saved_objects/_import":
            raise RefusedError(404, "Not Found")
        return self._import(request, space)

    def _space(self, space: str) -> Object:
        if space not in self.spaces:
            raise RefusedError(404, f"Saved object [space/{space}] not found")
        return {"id": space, "name": space, "disabledFeatures": []}

    def _import(self, request: Request, space: str) -> Object:
        """Import, into a space that is not there too."""
        if request.mimetype != "multipart/form-data":
            raise RefusedError(415, "Unsupported Media Type")
        if (request.content_length or 0) > self.most_bytes:
            limit = f"Payload content length greater than maximum allowed: {self.most_bytes}"
            raise RefusedError(413, limit)
        if "file" not in request.files:
            expected = "expected value of type [Stream] but got [undefined]"
            raise RefusedError(400, f"[request body.file]: {expected}")
        overwrite = request.args.get("overwrite", "false")
        if overwrite not in ("true", "false"):
            expected = "expected value of type [boolean] but got [string]"
            raise RefusedError(400, f"[request query.overwrite]: {expected}")
        name = request.files["file"].filename or ""
        if not name.lower().endswith(".ndjson"):
            extension = f".{name.rpartition('.')[2]}" if "." in name else ""
            raise RefusedError(400, f"Invalid file extension {extension}")
        objects = list(_objects(request.files["file"].read()))
        errors, kept = self._sorted_out(objects, space, overwrite == "true")
        if not any(each["error"]["type"] in HOLDING_UP for each in errors):
            if self.writers is not None and request.headers["Authorization"] not in self.writers:
                kinds = ",".join(sorted({each["type"] for each in kept}))
                raise RefusedError(403, f"Unable to bulk_create {kinds}")
            errors += self._keep(kept, space)
        failed = {(each["type"], each["id"]) for each in errors}
        # It counts what it would have created, too.
        made = [each for each in kept if (each["type"], each["id"]) not in failed]
        told: Object = {"success": not errors, "successCount": len(made), "warnings": []}
        return told | ({"errors": errors} if errors else {})

    def _sorted_out(
        self, objects: list[Object], space: str, overwrite: bool
    ) -> tuple[list[Object], list[Object]]:
        """Return what is wrong with some, and the others."""
        known = [each for each in objects if each["type"] in LINES[self.version]]
        errors = [_failure(e, "unsupported_type") for e in objects if e not in known]
        there = {key[1:] for key in self.there if key[0] == space}
        found = there | {(each["type"], each["id"]) for each in known}
        for each in known:
            asked = [(ref["type"], ref["id"]) for ref in each.get("references", [])]
            missing = [ref for ref in asked if ref[0] in CHECKED and ref not in found]
            if missing:
                told = [{"type": kind, "id": ident} for kind, ident in missing]
                errors.append(_failure(each, "missing_references", references=told))
        if not overwrite:
            errors += [_failure(e, "conflict") for e in known if (e["type"], e["id"]) in there]
        failed = {(each["type"], each["id"]) for each in errors}
        return errors, [each for each in known if (each["type"], each["id"]) not in failed]

    def _keep(self, objects: list[Object], space: str) -> list[Object]:
        for each in objects:
            self._check_versions(each)
        errors = []
        for each in objects:
            unknown = each["attributes"].keys() - ATTRIBUTES.get(each["type"], each["attributes"])
            if unknown:
                told = f"[attributes.{min(unknown)}]: definition for this key is missing"
                errors.append(_failure(each, "unknown", statusCode=400, message=told))
            else:
                self.there[space, each["type"], each["id"]] = each
        return errors

    def _check_versions(self, each: Object) -> None:
        newest = LINES[self.version][each["type"]]
        core, kind = each.get("coreMigrationVersion"), each.get("typeMigrationVersion")
        if core and _version(core) > _version(self.version):
            raise RefusedError(
                422,
                f'Document "{each["id"]}" has a "coreMigrationVersion" which belongs to a more '
                f"recent version of Kibana [{core}]. The current version is [{self.version}].",
            )
        if kind and _version(kind) > _version(newest):
            raise RefusedError(
                422,
                f'Document "{each["id"]}" belongs to a more recent version of Kibana [{kind}] when '
                f"the last known version is [{newest}].",
            )


def _objects(content: bytes) -> Iterator[Object]:
    seen: set[tuple[str, str]] = set()
    for line in filter(str.strip, content.decode().split("\n")):
        try:
            each = json.loads(line)
        except ValueError as error:
            raise RefusedError(400, f"Unexpected token in JSON: {error}") from error
        if "exportedCount" in each:
            continue
        if not (isinstance(each.get("attributes"), dict) and each.keys() >= {"type", "id"}):
            raise RefusedError(500, "An internal server error occurred.")
        if (each["type"], each["id"]) in seen:
            name = f"{each['type']}:{each['id']}"
            raise RefusedError(400, f"Non-unique import objects detected: [{name}]")
        seen.add((each["type"], each["id"]))
        if len(seen) > MOST_OBJECTS:
            raise RefusedError(400, f"Can't import more than {MOST_OBJECTS} objects")
        yield each


def _failure(each: Object, kind: str, **more: Any) -> Object:
    title = each["attributes"].get("title")
    error = {"type": kind, **more}
    return {"id": each["id"], "type": each["type"], "meta": {"title": title}, "error": error}


def _version(told: str) -> tuple[int, ...]:
    return tuple(map(int, told.split(".")))
