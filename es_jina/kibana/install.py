"""The search templates of an index, put into its cluster."""

from dataclasses import dataclass

from elasticsearch import Elasticsearch

from es_jina.elastic.client import cluster_errors
from es_jina.elastic.templates import Change, compare, put
from es_jina.kibana.bundle import Bundle
from es_jina.kibana.searches import SearchTemplate


@dataclass(frozen=True, slots=True)
class Installed:
    """What happens to one template.

    Attributes:
        template: as we have it.
        change: what is done; ``None`` where the cluster cannot run it, so that it is not put.
        lacking: what the cluster lacks.
    """

    template: SearchTemplate
    change: Change | None
    lacking: tuple[str, ...] = ()


def put_templates(
    client: Elasticsearch, bundle: Bundle, *, force: bool = False, dry_run: bool = False
) -> list[Installed]:
    """Put the templates that the cluster can run.

    Args:
        client: of the cluster.
        bundle: of the index.
        force: whether to replace what somebody edited.
        dry_run: only say what would happen.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    done = []
    with cluster_errors(f"putting the search templates of {bundle.index!r}"):
        for template in bundle.searches.templates:
            lacking = bundle.lacking(template.text)
            if lacking:
                done.append(Installed(template, None, tuple(lacking)))
                continue
            change = compare(client, template.asset, force=force)
            if change.written and not dry_run:
                put(client, template.asset)
            done.append(Installed(template, change))
    return done
