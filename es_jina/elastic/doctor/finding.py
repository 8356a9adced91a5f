"""What the doctor says, and what it says where it may not look."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from elasticsearch import ApiError

from es_jina.elastic.hints import after_refusal
from es_jina.errors import ClusterError

Level = Literal["ok", "restored", "warning", "problem"]

CLUSTER = "cluster"
NO_ROLE = "give this user a role that may, or sign in as another"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        level: ``problem`` where something is left to do, ``warning`` where something is to be
            known, ``restored`` where it was mended there and then.
        about: the index, or the alias of several; ``cluster`` for what concerns all of them.
        message: what was found.
        step: what to do next.
    """

    level: Level
    about: str
    message: str
    step: str | None = None


def guarded(check: Callable[[], Iterator[Finding]], about: str, what: str) -> Iterator[Finding]:
    """Run a check; what Elasticsearch refuses is a finding and not the end.

    Args:
        check: raises ``ClusterError`` for whatever goes wrong.
        about: as in a finding.
        what: what it looks at, in the plural.

    Raises:
        ClusterError: Elasticsearch cannot be reached.
    """
    try:
        yield from check()
    except ClusterError as error:
        refusal = error.__cause__
        if not isinstance(refusal, ApiError):
            raise
        if refusal.status_code == 410:
            return  # Serverless keeps it from everybody, and takes care of it
        if _unauthorised(refusal):
            # Elasticsearch names the privilege at the end of what it says.
            step = after_refusal(refusal, str(refusal.body)) or NO_ROLE
            yield Finding("warning", about, f"{what}: this user may not look at them", step)
        else:
            step = "mend what the message names, then call the doctor once more"
            yield Finding("problem", about, str(error), step)


def _unauthorised(refusal: ApiError) -> bool:
    """Tell a missing privilege from a blocked index and a licence, which are 403 as well."""
    told = refusal.body.get("error") if isinstance(refusal.body, dict) else None
    kind = told.get("type") if isinstance(told, dict) else None
    licence = "non-compliant" in str(told)
    return refusal.status_code == 403 and kind == "security_exception" and not licence
