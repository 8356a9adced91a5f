"""What is refused, in Elasticsearch's words."""

from tests.elastic.rank_vectors.refusals import RefusedError


def invalid(reason: str) -> RefusedError:
    """A request that is wrong."""
    return RefusedError(400, "validation_exception", reason)


def failed(status: int, reason: str) -> RefusedError:
    """A service that failed, or is not there."""
    return RefusedError(status, "status_exception", reason)


def missing(name: str) -> RefusedError:
    reason = f"Inference endpoint not found [{name}]"
    return RefusedError(404, "resource_not_found_exception", reason)
