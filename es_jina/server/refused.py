"""What a client is told where its request is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# The codes of the hosted API's own documentation.
NOT_FOUND = "RESOURCE_NOT_FOUND"
MODEL_NOT_FOUND = "INPUT_MODEL_NOT_FOUND"
TOO_LONG = "INPUT_TOKEN_LIMIT_EXCEEDED"
INVALID = "INPUT_INVALID"
BUSY = "RATE_CONCURRENCY_LIMIT_EXCEEDED"
NO_KEY = "AUTH_MISSING_API_KEY"
WRONG_KEY = "AUTH_INVALID_API_KEY"
FORBIDDEN = "AUTHZ_RESOURCE_LIMIT_EXCEEDED"
BROKEN = "INTERNAL_ERROR"
UNAVAILABLE = "SERVICE_UNAVAILABLE"

_SHOWN = 40


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a body.

    Attributes:
        field: the way to it, such as ``input -> 3 -> image``.
        message: what is wrong.
        type: the kind of problem, for programs.
        input: what stood there, where that is short.
    """

    field: str
    message: str
    type: str
    input: Any = None


class RefusedError(Exception):
    """A request is refused; the answer says why.

    Attributes:
        status: of the answer.
        detail: one line for people.
        code: for programs.
        problems: of fields, for 422.
        retry_after: seconds after which it may be sent again.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        code: str,
        *,
        problems: Sequence[FieldProblem] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.problems = tuple(problems)
        self.retry_after = retry_after

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the body of the answer: flat as the hosted API's, and with OpenAI's `error`."""
        problems = [
            {
                "field": _way(each.field),
                "message": each.message,
                "type": each.type,
                "input": each.input,
            }
            for each in self.problems
        ]
        return {
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
            **({"errors": problems} if problems else {}),
            "error": {"message": self.detail, "type": _kind(self.status), "code": self.code},
        }


def field_refused(field: str, message: str, value: str | None = None) -> RefusedError:
    """Return the refusal of one field of a body (422).

    Args:
        field: the way to it, such as ``input -> 3 -> image``.
        message: what is wrong with it.
        value: what stood there; its beginning is shown.
    """
    shown = value if value is None or len(value) <= _SHOWN else f"{value[:_SHOWN]}..."
    problem = FieldProblem(field, message, "value_error", shown)
    return invalid([problem])


def invalid(problems: Sequence[FieldProblem]) -> RefusedError:
    """Return the refusal of a body whose fields are not what they must be (422)."""
    first = problems[0]
    more = f" ({len(problems) - 1} more in `errors`)" if len(problems) > 1 else ""
    detail = f"Validation error: '{_way(first.field)}' {first.message}{more}"
    return RefusedError(422, detail, INVALID, problems=problems)


def _way(field: str) -> str:
    return f"body -> {field}" if field else "body"


def _kind(status: int) -> str:
    """Return OpenAI's name of a kind of error."""
    kinds = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
    return kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
