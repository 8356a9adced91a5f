"""From a profile to an index that fits the cluster."""

from elasticsearch import Elasticsearch

from es_jina.elastic.assets import assets, install, read_profile
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
    if profile.index_type == "bbq_disk" and capabilities.licence in LESSER_LICENCES:
        raise RequestError(
            f"this cluster has a {capabilities.licence} licence: it would create an index of type "
            "bbq_disk and then refuse every document, which needs an Enterprise licence; choose "
            "another --index-type"
        )
    if profile.index_type:
        field = {
            "type": "dense_vector",
            "dims": profile.dims[0],
            "index_options": {"type": profile.index_type},
        }
        with cluster_errors("asking the cluster whether it takes the index type"):
            accepted = accepts_field(client, field)
        if not accepted:
            raise RequestError(
                f"this cluster (Elasticsearch {capabilities.version}) does not take the index type "
                f"{profile.index_type}; choose another --index-type"
            )
