"""``es-jina setup``."""

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from es_jina.cli.models import ModelOptions, model_options
from es_jina.cli.options import cluster_options, open_cluster
from es_jina.dense import ELEMENT_TYPES, INDEX_TYPES
from es_jina.errors import RequestError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from es_jina.languages import Language
    from es_jina.profile import IndexProfile
    from es_jina.providers.base import ModelInfo


@click.command(name="setup")
@click.argument("index")
@click.option(
    "--dims",
    multiple=True,
    metavar="DIMS[:HOW]",
    help="Size of the dense field, and how it is kept, such as 2048:bbq_disk:bfloat16 or 256:byte; "
    "several make several fields.  [default: 1024, or the model's largest below]",
)
@click.option(
    "--index-type",
    type=click.Choice(INDEX_TYPES),
    help="Of the dense fields that name none.  [default: bbq_hnsw from 512 dims, int8_hnsw below, "
    "hnsw for byte and bit]",
)
@click.option(
    "--multi-vector",
    "--multi",
    "multi_vector",
    type=click.Choice(["auto", "binary", "rank_vectors", "none"]),
    default="auto",
    show_default=True,
    help="Where multi-vectors go: binary works on any licence; rank_vectors need an Enterprise "
    "licence for as long as the index lives, and auto takes them only there.",
)
@click.option(
    "--element-type",
    type=click.Choice(ELEMENT_TYPES),
    help="Of a multi-vector: a page of 747 tokens takes 12 KB as bit, 96 as byte, 191 as bfloat16, "
    "382 as float.  [default: bit]",
)
@click.option(
    "--pool-factor",
    type=click.IntRange(min=1),
    help="Make so many vectors of a multi-vector one (token pooling): 2 halves what they take and "
    "costs next to nothing of the quality, 3 some 2 %.  [default: 1]",
)
@click.option(
    "--language",
    "languages",
    multiple=True,
    metavar="CODE[:ANALYZER]",
    help="Search words by their stems too, such as de, or de:light_german to name the analyzer; "
    "may be given several times.",
)
@click.option(
    "--max-pixels", type=click.IntRange(min=3136), help="Pixel budget of images and pages."
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace templates that somebody edited, and inference endpoints of other settings.",
)
@click.option("--yes", is_flag=True, help="Take rank_vectors on a trial licence.")
@click.option(
    "--dry-run", is_flag=True, help="Say what would be put and what differs; put nothing."
)
@click.option(
    "--print",
    "print_only",
    is_flag=True,
    help="Print the requests for Kibana's Dev Tools; send nothing.",
)
@model_options
@cluster_options
def command(
    *,
    index: str,
    multi_vector: Any,
    languages: tuple[str, ...],
    force: bool,
    yes: bool,
    dry_run: bool,
    print_only: bool,
    **others: Any,
) -> None:
    """Create the templates and INDEX (an alias for INDEX-000001) for a model.

    The index's mapping keeps what it was made for; ingest and search read it from there, and so
    does a setup of an index that is there, for all that is not named. Templates that somebody
    edited are kept.

    With --server, or with --provider hosted and a key, the inference endpoints INDEX-passage,
    INDEX-query and INDEX-rerank are created, too: Elasticsearch then embeds texts itself.
    """
    from es_jina.cli import setup_endpoints, setup_report
    from es_jina.cli.setup_profile import Named, model_of, profile_of
    from es_jina.elastic.assets import assets, read_profile
    from es_jina.elastic.capabilities import Capabilities
    from es_jina.elastic.setup import check_name, plan, set_up
    from es_jina.elastic.stores import choose_store

    check_name(index)
    named, others = Named.parted(others)
    named.dense(None)  # what cannot be read is told before anybody is asked
    options, cluster = ModelOptions.parted(others)
    if options.model is not None and options.server is None:
        options.chosen().describe()  # likewise: a model that is none
    if print_only:
        info = model_of(options, None, index, asking=False)
        store = _printed_store(_possible(multi_vector, info), dry_run)
        profile = profile_of(info, named, None, store, _languages(languages))
        setup_report.print_requests(assets(index, profile))
        setup_endpoints.print_endpoints(index, profile, setup_endpoints.service_of(options))
        return
    client = open_cluster(**cluster)
    capabilities = Capabilities.detect(client)
    existing = read_profile(client, index)
    service = setup_endpoints.service_of(options, existing)
    info = model_of(options, existing, index)
    choice = choose_store(_possible(multi_vector, info), existing, capabilities, accepted=yes)
    spoken = _languages(languages, client, existing)
    profile = profile_of(info, named, existing, choice.store, spoken)
    if choice.warning:
        click.echo(f"Warning: {choice.warning}", err=True)
    act = plan if dry_run else set_up
    done = act(client, index, profile, capabilities, force=force)
    setup_report.print_result(index, profile, capabilities, done, choice, dry_run=dry_run)
    setup_endpoints.set_up_endpoints(
        client, capabilities, index, profile, service, force=force, dry_run=dry_run
    )
    if not dry_run:
        setup_report.print_next(index, done)


def _possible(multi_vector: Any, info: "ModelInfo") -> Any:
    return "none" if multi_vector == "auto" and info.multi_dims is None else multi_vector


def _printed_store(multi_vector: str, dry_run: bool) -> Any:
    if dry_run:
        raise RequestError("--print asks no cluster and --dry-run does: choose one of them")
    if multi_vector == "auto":
        raise RequestError(
            "--print asks no cluster, so it cannot choose where multi-vectors go: add "
            "--multi-vector binary, rank_vectors or none"
        )
    return None if multi_vector == "none" else multi_vector


def _languages(
    told: tuple[str, ...],
    client: "Elasticsearch | None" = None,
    existing: "IndexProfile | None" = None,
) -> "list[Language]":
    from es_jina.elastic.analyzers import choose_languages, has_analyzer, unserved

    if not told and existing is not None:
        return [*existing.languages]
    for language in unserved(told):
        note = "Elasticsearch has no analyzer of its own for it; the standard one serves it"
        click.echo(f"{language}: {note}", err=True)
    accepts = partial(has_analyzer, client) if client is not None else None
    return choose_languages(told, accepts, existing.languages if existing else ())
