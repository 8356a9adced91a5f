from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError

from es_jina.elastic.client import reason

INNER = {"type": "parse_exception", "reason": "Cannot parse:\n  here"}
OUTER = {"type": "query_shard_exception", "reason": "Failed"}


def refusal(error: Any) -> ApiError:
    node = NodeConfig("http", "127.0.0.1", 9200)
    meta = ApiResponseMeta(400, "1.1", HttpHeaders(), 0.0, node)
    return ApiError("refused", meta, {"error": error})


def shards(reason: Any, **others: Any) -> dict[str, Any]:
    return {
        "type": "search_phase_execution_exception",
        "reason": "all shards failed",
        "failed_shards": [{"shard": 0, "reason": reason}],
        **others,
    }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("a text", "a text"),
        (None, "refused"),
        ({"type": "x", "reason": "plain", "root_cause": [{"reason": "plain"}]}, "plain"),
        ({"type": "x"}, "x"),
        (OUTER | {"caused_by": INNER}, "Failed: Cannot parse: here"),
        (shards(OUTER | {"caused_by": INNER}), "Failed: Cannot parse: here"),
        (shards(OUTER, caused_by=INNER | {"caused_by": INNER}), "Cannot parse: here"),
        ({"type": "x", "root_cause": [OUTER]}, "x: Failed"),
        (shards("odd"), "all shards failed"),
        ({"type": "search_phase_execution_exception", "reason": "failed"}, "failed"),
    ],
)
def test_the_innermost_reason_is_told_once(error: Any, told: str) -> None:
    assert reason(refusal(error)) == f"400: {told}"
