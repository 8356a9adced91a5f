"""From a profile to an index that fits the cluster."""

from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from es_jina.dense import DenseProfile
from es_jina.elastic.assets import META_KEY, Assets, assets, dense_mapping, read_profile
from es_jina.elastic.capabilities import LESSER_LICENCES, Capabilities, accepts_field
from es_jina.elastic.client import cluster_errors
from es_jina.elastic.pipelines import processor_types
from es_jina.elastic.templates import Asset, Change, compare, put
from es_jina.errors import ProfileMismatchError, RequestError
from es_jina.profile import IndexProfile


@dataclass(frozen=True, slots=True)
class SetUp:
    """What a set-up does to a cluster.

    Attributes:
        created: whether the index is created; else it is there, with the same profile.
        changes: what happens to each template, and to the pipeline where the cluster takes it.
    """

    created: bool
    changes: tuple[Change, ...]


def set_up(
    client: Elasticsearch,
    index: str,
    profile: IndexProfile,
    capabilities: Capabilities,
    *,
    force: bool = False,
) -> SetUp:
    """Create the templates and the index of a profile.

    Of an index that is there with the same profile, the templates are looked after, so that the
    next index behind the alias fits too.

    Args:
        client: of the cluster.
        index: the alias; the index itself is ``INDEX-000001``.
        profile: what the index is for.
        capabilities: of the cluster.
        force: whether to replace what somebody edited.

    Raises:
        ProfileMismatchError: the index was made for another profile, or its template was.
        RequestError: the cluster cannot hold what the profile asks for, or an index or a template
            of somebody else is in the way.
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    planned = plan(client, index, profile, capabilities, force=force)
    with cluster_errors(f"setting up {index!r}"):
        for change in planned.changes:
            if change.written:
                put(client, change.asset)
        if planned.created:
            _create(client, assets(index, profile), planned)
    return planned


def plan(
    client: Elasticsearch,
    index: str,
    profile: IndexProfile,
    capabilities: Capabilities,
    *,
    force: bool = False,
) -> SetUp:
    """Say what :func:`set_up` would do; nothing is changed.

    Raises:
        ProfileMismatchError: as there.
        RequestError: as there, but for templates of somebody else.
        ClusterError: as there.
    """
    check_name(index)
    existing = read_profile(client, index)
    wanted = assets(index, profile)
    if existing is not None:
        existing.check_same(profile, index)
    else:
        _check_fits(client, profile, capabilities)
    with cluster_errors(f"looking at the templates of {index!r}"):
        if existing is None:
            _check_free(client, wanted)
        changes = tuple(
            compare(client, asset, force=force) for asset in _taken(wanted, capabilities)
        )
    _check_kept(wanted, changes)
    return SetUp(existing is None, changes)


def _taken(wanted: Assets, capabilities: Capabilities) -> list[Asset]:
    """Return what the cluster takes: the pipeline only where all of its processors are."""
    taken = wanted.templates()
    if processor_types(wanted.pipeline) <= (capabilities.ingest_processors or frozenset()):
        taken.append(wanted.ingest_pipeline())
    return taken


def _check_free(client: Elasticsearch, wanted: Assets) -> None:
    if client.indices.exists(index=wanted.index):
        raise RequestError(
            f"there is an index {wanted.index!r} already, but not behind the alias "
            f"{wanted.alias!r}: choose another index name, or delete it, or give it the alias: PUT "
            f"/{wanted.index}/_alias/{wanted.alias}"
        )


def _check_kept(wanted: Assets, changes: tuple[Change, ...]) -> None:
    """Check that an index template which is kept is for the same profile."""
    for change in changes:
        if change.asset.kind == "index template" and change.kept:
            template = (change.stored or {}).get("template", {})
            if _profile(template) != _profile(wanted.index_template["template"]):
                raise ProfileMismatchError(
                    f"the {change.asset} is for another profile, and not as es_jina left it: see "
                    "what differs with --dry-run --force, and replace it with --force"
                )


def _create(client: Elasticsearch, wanted: Assets, planned: SetUp) -> None:
    """Create the index, if it will follow our template: of several that match, one is taken."""
    winner = client.indices.simulate_index_template(name=wanted.index)["template"]
    if _profile(winner) != _profile(wanted.index_template["template"]):
        _take_back(client, planned)
        raise RequestError(
            f"another index template with a priority above {wanted.index_template['priority']} "
            f"claims {wanted.index!r}: choose another index name, or lower its priority"
        )
    client.indices.create(index=wanted.index, aliases=wanted.aliases())


def _take_back(client: Elasticsearch, planned: SetUp) -> None:
    for change in planned.changes:
        if change.asset.kind == "index template" and change.state == "new":
            client.indices.delete_index_template(name=change.asset.name)


def _profile(template: dict[str, Any]) -> IndexProfile | None:
    """Return the profile in a template, of whichever version; ``None`` where there is none."""
    try:
        return IndexProfile.from_meta(template.get("mappings", {}).get("_meta", {}).get(META_KEY))
    except RequestError:
        return None


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
