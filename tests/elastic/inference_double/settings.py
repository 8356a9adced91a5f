"""Settings of endpoints: what each service takes; what it does not know is refused."""

from typing import Any

from .refusals import invalid

_EMBEDDING: dict[str, type] = {"similarity": str, "dimensions": int, "max_input_tokens": int}
_CUSTOM: dict[str, type] = {
    "secret_parameters": dict,
    "url": str,
    "headers": dict,
    "query_parameters": list,
    "request": str,
    "response": dict,
    "rate_limit": dict,
    "batch_size": int,
    "input_type": dict,
}
_OPENAI: dict[str, type] = {
    "api_key": str,
    "model_id": str,
    "url": str,
    "organization_id": str,
    "rate_limit": dict,
}
_HUGGING_FACE: dict[str, type] = {"api_key": str, "url": str, "rate_limit": dict}
_JINAAI: dict[str, type] = {"api_key": str, "model_id": str, "rate_limit": dict}
_JINAAI_EMBEDDING: dict[str, type] = {**_EMBEDDING, "embedding_type": str}

# By service and task: the settings, and those that must be there.
SETTINGS: dict[tuple[str, str], tuple[dict[str, type], tuple[str, ...]]] = {
    ("custom", "text_embedding"): ({**_CUSTOM, **_EMBEDDING}, ("url", "request", "response")),
    ("custom", "rerank"): (_CUSTOM, ("url", "request", "response")),
    ("openai", "text_embedding"): ({**_OPENAI, **_EMBEDDING}, ("api_key", "model_id")),
    ("hugging_face", "text_embedding"): ({**_HUGGING_FACE, **_EMBEDDING}, ("api_key", "url")),
    ("jinaai", "text_embedding"): ({**_JINAAI, **_JINAAI_EMBEDDING}, ("api_key", "model_id")),
    ("jinaai", "embedding"): (
        {**_JINAAI, **_JINAAI_EMBEDDING, "multimodal_model": bool},
        ("api_key", "model_id"),
    ),
    ("jinaai", "rerank"): (_JINAAI, ("api_key", "model_id")),
}
TASK_SETTINGS: dict[str, dict[str, type]] = {
    "custom": {"parameters": dict},
    "openai": {"user": str, "headers": dict},
    "hugging_face": {},
    "jinaai": {"input_type": str, "late_chunking": bool, "return_documents": bool, "top_n": int},
}
_PARSERS: dict[str, tuple[set[str], str]] = {
    "text_embedding": ({"text_embeddings", "embedding_type"}, "text_embeddings"),
    "rerank": ({"relevance_score", "reranked_index", "document_text"}, "relevance_score"),
}
SECRETS = ("api_key", "secret_parameters")
_DEFAULTS = {"custom": 10_000, "openai": 3000, "hugging_face": 3000, "jinaai": 2000}
_SIMILARITIES = ("cosine", "dot_product", "l2_norm")


def check_settings(service: str, task: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the service settings of a body, with what Elasticsearch fills in."""
    if (service, task) not in SETTINGS:
        raise invalid(f"The [{service}] service does not support task type [{task}]")
    known, required = SETTINGS[service, task]
    if left := body.keys() - {"service", "service_settings", "task_settings", "chunking_settings"}:
        raise _unknown(left, service)
    given: dict[str, Any] = body.get("service_settings") or {}
    for name in required:
        if given.get(name) is None:
            raise invalid(f"[service_settings] does not contain the required setting [{name}]")
    _check_types("service_settings", given, known, service)
    _check_types("task_settings", body.get("task_settings") or {}, TASK_SETTINGS[service], service)
    if given.get("similarity", "cosine") not in _SIMILARITIES:
        raise invalid(f"Invalid value [{given['similarity']}] received for [similarity]")
    filled = {"rate_limit": {"requests_per_minute": _DEFAULTS[service]}, **given}
    if task != "rerank":
        filled = {"similarity": "dot_product", **filled}
    if service == "custom":
        filled = {"batch_size": 10, **filled}
        filled["response"] = _parser(task, given["response"])
    return filled


def _check_types(where: str, given: dict[str, Any], known: dict[str, type], service: str) -> None:
    if left := given.keys() - known.keys():
        raise _unknown(left, service)
    for name, value in given.items():
        kind = known[name]
        if not isinstance(value, kind):
            raise invalid(f"[{where}] field [{name}] is not of the expected type: {value!r}")
        if isinstance(value, int) and kind is int and value < 1:
            raise invalid(f"[{where}] Invalid value [{value}]. [{name}] must be a positive integer")
        if value == "":
            raise invalid(f"[{where}] Invalid value empty string. [{name}] must be non-empty")


def _parser(task: str, response: dict[str, Any]) -> dict[str, Any]:
    parser = response.get("json_parser")
    known, required = _PARSERS[task]
    if not isinstance(parser, dict) or required not in parser:
        raise invalid(f"[service_settings.response.json_parser] lacks [{required}]")
    if left := (parser.keys() - known) | (response.keys() - {"json_parser"}):
        raise _unknown(left, "custom")
    filled = {"embedding_type": "float"} if task == "text_embedding" else {}
    return {"json_parser": {**filled, **parser}}


def _unknown(left: set[str], service: str) -> Exception:
    return invalid(
        f"Configuration contains settings {sorted(left)} unknown to the [{service}] service"
    )
