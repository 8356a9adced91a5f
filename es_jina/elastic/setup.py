"""From a profile to an index that fits the cluster."""

from elasticsearch import Elasticsearch

from es_jina.dense import DenseProfile
from es_jina.elastic.assets import assets, dense_mapping, install, read_profile
from es_jina.elastic.capabilities import Capabilities, accepts_field
from es_jina.elastic.client import cluster_errors
from es_jina.errors import RequestError
from es_jina.profile import IndexProfile

LESSER_LICENCES = frozenset({"basic", "standard", "gold", "platinum"})


def set_up(
    client: Elasticsearch, index: str, profile: IndexProfile, capabilities: Capabilities
) -> bool:
    """Create the templates and the index of a profile.

    Returns:
        True where the index was created, False where it was there with the same profile.

    Raises:
        ProfileMismatchError: the index was made for another profile.
        RequestError: the cluster cannot hold what the profile asks for.
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    check_name(index)
    existing = read_profile(client, index)
    if existing is not None:
        existing.check_same(profile, index)
        return False
    _check_fits(client, profile, capabilities)
    install(client, index, assets(index, profile))
    return True


def check_name(index: str) -> None:
    """Refuse what cannot be an alias, and patterns, which would mean several.

    Raises:
        RequestError: naming the rule.
    """
    if (
        not index
        or index != index.lower()
        or index[0] in "-_+."
        or any(letter in '\\/*?"<>|,#: ' for letter in index)
        or len(index.encode()) > 240
    ):
        raise RequestError(
            f"{index!r} cannot be an index name: use lower case, no spaces, none of "
            '\\ / * ? " < > | , # : no - _ + . in front, and at most 240 bytes'
        )


def _check_fits(client: Elasticsearch, profile: IndexProfile, capabilities: Capabilities) -> None:
    multi = profile.multi_vector
    if multi and multi.store == "rank_vectors" and not capabilities.rank_vectors:
        raise RequestError(
            f"this cluster (Elasticsearch {capabilities.version}, {capabilities.licence} licence) "
            "does not take rank_vectors: they need 8.18 or later and an Enterprise licence; use "
            "--multi-vector binary, which any licence has"
        )
    for dense in profile.dense:
        _check_dense(client, dense, capabilities)


def _check_dense(client: Elasticsearch, dense: DenseProfile, capabilities: Capabilities) -> None:
    if dense.index_type == "bbq_disk" and capabilities.licence in LESSER_LICENCES:
        raise RequestError(
            f"this cluster has a {capabilities.licence} licence: it would create an index of type "
            "bbq_disk and then refuse every document, which needs an Enterprise licence; choose "
            "another index type"
        )
    with cluster_errors(f"asking the cluster whether it takes {dense.field}"):
        accepted = accepts_field(client, dense_mapping(dense))
    if not accepted:
        raise RequestError(
            f"this cluster (Elasticsearch {capabilities.version}) does not take {dense.field} as "
            f"{dense.element_type} with the index type {dense.index_type}; choose others"
        )
