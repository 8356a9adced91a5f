"""Where multi-vectors go, when people leave it to us or ask for what may fail them."""

from dataclasses import dataclass
from typing import Literal

from es_jina.elastic.capabilities import Capabilities
from es_jina.errors import RequestError
from es_jina.profile import IndexProfile, Store

Asked = Literal["auto", "binary", "rank_vectors", "none"]

# Seen on a node whose trial was ended.
TRIAL = (
    "this cluster has a trial licence: when it ends and a node restarts, every index with "
    "rank_vectors turns red, its dense searches too, and a second trial is refused"
)


@dataclass(frozen=True, slots=True)
class StoreChoice:
    """Where multi-vectors go.

    Attributes:
        store: ``None`` for an index without them.
        why: in a few words for people; empty where they asked for it.
        warning: what they have accepted.
    """

    store: Store | None
    why: str = ""
    warning: str = ""


def choose_store(
    asked: Asked,
    existing: IndexProfile | None,
    capabilities: Capabilities,
    *,
    accepted: bool = False,
) -> StoreChoice:
    """Choose the store of an index's multi-vectors.

    ``auto`` keeps what an index has. A new one gets ``rank_vectors`` only where they are paid for
    (Serverless has no licence, and charges for what is used): one that ends takes the index along.

    Args:
        asked: by the user.
        existing: the profile of the index, where it is there.
        capabilities: of the cluster.
        accepted: whether the user takes the risk of rank_vectors on a trial.

    Raises:
        RequestError: rank_vectors on a trial, and the risk was not accepted.
    """
    if asked == "auto":
        return _automatic(existing, capabilities)
    if asked == "none":
        return StoreChoice(None)
    ranked = asked == "rank_vectors" and capabilities.rank_vectors
    if not ranked or existing is not None or capabilities.licence != "trial":
        return StoreChoice(asked)
    if not accepted:
        raise RequestError(f"{TRIAL}; use --multi-vector binary, or add --yes to go on")
    return StoreChoice(asked, warning=TRIAL)


def _automatic(existing: IndexProfile | None, capabilities: Capabilities) -> StoreChoice:
    if existing is not None:
        multi = existing.multi_vector
        return StoreChoice(multi.store if multi else None, "as the index has it")
    if not capabilities.rank_vectors:
        return StoreChoice("binary", "this cluster does not take rank_vectors")
    if capabilities.licence == "enterprise" or capabilities.flavour == "serverless":
        return StoreChoice("rank_vectors", "the cluster's subscription has them")
    if capabilities.licence == "trial":
        return StoreChoice("binary", "rank_vectors would end with the trial licence")
    return StoreChoice(
        "binary", f"rank_vectors may end with a licence that is {capabilities.licence}"
    )
