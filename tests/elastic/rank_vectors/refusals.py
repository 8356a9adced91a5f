"""What the double refuses, in the shape of Elasticsearch's errors."""

from typing import Any


class RefusedError(Exception):
    """A request, or one document of it, is refused."""

    def __init__(
        self, status: int, kind: str, reason: str, cause: "RefusedError | None" = None
    ) -> None:
        super().__init__(reason)
        self.status = status
        self._told: dict[str, Any] = {"type": kind, "reason": reason}
        if cause is not None:
            self._told["caused_by"] = cause.error

    @property
    def error(self) -> dict[str, Any]:
        """The ``error`` object, as items of a bulk answer carry it."""
        return self._told

    @property
    def body(self) -> dict[str, Any]:
        return {"error": {"root_cause": [self._told], **self._told}, "status": self.status}


def illegal(reason: str) -> RefusedError:
    return RefusedError(400, "illegal_argument_exception", reason)


def unlicensed(feature: str) -> RefusedError:
    reason = f"current license is non-compliant for [{feature}]"
    return RefusedError(403, "security_exception", reason)


def unparsable(field: str, reason: str | RefusedError) -> RefusedError:
    """A mapping or a template that is refused for a field."""
    cause = illegal(reason) if isinstance(reason, str) else reason
    return RefusedError(
        400, "mapper_parsing_exception", f"Failed to parse mapping: [{field}]: {cause}", cause
    )


def failed_script(reason: str) -> RefusedError:
    """A script that fails on a document, and the whole search with it."""
    script = RefusedError(400, "script_exception", "runtime error", illegal(reason))
    return RefusedError(400, "search_phase_execution_exception", "all shards failed", script)
