"""``es-jina setup``."""

from typing import Any

import click

from es_jina.cli.options import choose_model, cluster_options, model_options, open_cluster
from es_jina.dense import ELEMENT_TYPES, INDEX_TYPES, DenseProfile


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
    type=click.Choice(["binary", "rank_vectors", "none"]),
    default="binary",
    show_default=True,
    help="Where multi-vectors go: binary works on any licence; rank_vectors need an Enterprise "
    "licence for as long as the index lives.",
)
@click.option(
    "--element-type",
    type=click.Choice(ELEMENT_TYPES),
    default="bit",
    show_default=True,
    help="Of a multi-vector: a page of 747 tokens takes 12 KB as bit, 96 as byte, 191 as bfloat16, "
    "382 as float.",
)
@click.option(
    "--pool-factor",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Make so many vectors of a multi-vector one (token pooling): 2 halves what they take and "
    "costs next to nothing of the quality, 3 some 2 %.",
)
@click.option(
    "--max-pixels", type=click.IntRange(min=3136), help="Pixel budget of images and pages."
)
@model_options
@cluster_options
def command(
    *,
    index: str,
    dims: tuple[str, ...],
    index_type: Any,
    multi_vector: Any,
    element_type: Any,
    pool_factor: int,
    max_pixels: int | None,
    model: str | None,
    provider: str | None,
    device: str | None,
    dtype: str | None,
    **cluster: Any,
) -> None:
    """Create the templates and INDEX (an alias for INDEX-000001) for a model.

    The index's mapping keeps what it was made for; ingest and search read it from there.
    """
    from es_jina.elastic.capabilities import Capabilities
    from es_jina.elastic.setup import set_up
    from es_jina.providers import describe, profile_for

    dense = [DenseProfile.parse(told, index_type) for told in dims]
    name, model = choose_model(model, provider)
    profile = profile_for(
        describe(name, model),
        dense=dense,
        store=None if multi_vector == "none" else multi_vector,
        element_type=element_type,
        pool_factor=pool_factor,
        max_pixels=max_pixels,
    )
    client = open_cluster(**cluster)
    capabilities = Capabilities.detect(client)
    created = set_up(client, index, profile, capabilities)
    click.echo(
        f"{'Created' if created else 'Already there, with the same profile:'} index {index!r} on "
        f"Elasticsearch {capabilities.version} ({capabilities.licence} licence)"
    )
    click.echo(f"  {profile.summary}")
    click.echo(f"Next: es-jina ingest {index} PATH...")
