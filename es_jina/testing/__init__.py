"""A stub of the hosted Jina API for tests: a real socket, the published schema, limits, faults.

::

    from es_jina.testing import StubApi, unavailable

    with StubApi() as api:
        api.queue(unavailable())
        with HostedProvider(api.key, base_url=api.url) as provider:
            ...
        assert [seen.status for seen in api.requests] == [503, 200]
"""

from es_jina.errors import RequestError

try:
    import jsonschema  # noqa: F401
except ImportError as error:
    raise RequestError(
        "es_jina.testing needs jsonschema: pip install 'es_jina[testing]'"
    ) from error

from es_jina.testing.answers import (
    Answer,
    concurrency_limit,
    flat,
    internal_error,
    invalid,
    invalid_before_2026,
    ip_limit,
    nested,
    page,
    request_limit,
    timed_out,
    token_limit,
    unavailable,
)
from es_jina.testing.api import KEY, Seen, StubApi
from es_jina.testing.faults import Cut, Fault, Faults, HangUp, Slow
from es_jina.testing.limits import StubLimits
from es_jina.testing.schema import SchemaError, check_reply, check_request
from es_jina.testing.tokens import Tokens, cut_text, tokens_of
from es_jina.testing.vectors import expected, relevance

__all__ = [
    "KEY",
    "Answer",
    "Cut",
    "Fault",
    "Faults",
    "HangUp",
    "SchemaError",
    "Seen",
    "Slow",
    "StubApi",
    "StubLimits",
    "Tokens",
    "check_reply",
    "check_request",
    "concurrency_limit",
    "cut_text",
    "expected",
    "flat",
    "internal_error",
    "invalid",
    "invalid_before_2026",
    "ip_limit",
    "nested",
    "page",
    "relevance",
    "request_limit",
    "timed_out",
    "token_limit",
    "tokens_of",
    "unavailable",
]
