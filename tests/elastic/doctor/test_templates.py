from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace

import pytest
from elasticsearch import Elasticsearch

from es_jina.dense import dense_profiles
from es_jina.elastic.assets import assets
from es_jina.elastic.templates import Asset
from tests.elastic.doctor.conftest import PROFILE, Patient

# Its component template is in no other test's way.
LARGE = replace(PROFILE, dense=dense_profiles(2048))


@pytest.fixture
def component(client: Elasticsearch) -> Iterator[str]:
    """The name of a shipped component template, which is as shipped again after the test."""
    name = "es-jina-embedding-2048"
    yield name
    body = assets("any", LARGE).component_templates[name]
    client.cluster.put_component_template(name=name, body=body)


def test_an_index_template_that_is_missing(
    patient: Callable[..., Patient], client: Elasticsearch
) -> None:
    made = patient()
    client.indices.delete_index_template(name=f"es-jina-{made.alias}")
    (finding,) = made.findings("problem")
    assert finding.about == made.alias
    assert finding.message == (
        f"the index template es-jina-{made.alias} is missing: the next index will not fit"
    )
    assert f"`es-jina setup {made.alias}`" in (finding.step or "")


def test_an_index_template_of_another_profile(
    patient: Callable[..., Patient], client: Elasticsearch
) -> None:
    made = patient()
    other = assets(made.alias, replace(PROFILE, max_pixels=7)).index_template
    client.indices.put_index_template(name=f"es-jina-{made.alias}", body=other)
    (told,) = made.problems()
    assert "is for another profile" in told


def test_a_component_template_that_is_missing_or_old(
    patient: Callable[..., Patient], client: Elasticsearch, component: str
) -> None:
    made = patient(LARGE)
    body = assets("any", LARGE).component_templates[component]
    older = deepcopy(body)
    older["version"] = 0
    field = older["template"]["mappings"]["properties"]["embedding_2048"]
    field["index_options"] = {"type": "hnsw"}
    signed = Asset("component template", component, older).signed
    client.cluster.put_component_template(name=component, body=signed)
    (told,) = made.problems()
    assert f"the component template {component} has version 0, not {body['version']}" in told
    # Edits are people's own, whatever their version: setup keeps them.
    for version in (0, 99):
        client.cluster.put_component_template(name=component, body={**older, "version": version})
        assert made.problems() == []
        (finding,) = made.findings("warning")
        assert "is not as es_jina puts it, and setup keeps it so" in finding.message
    client.indices.delete_index_template(name=f"es-jina-{made.alias}")
    client.cluster.delete_component_template(name=component)
    assert f"the component template {component} is missing" in "\n".join(made.problems())


def test_an_alias_that_people_added_has_no_templates(
    patient: Callable[..., Patient], client: Elasticsearch
) -> None:
    made = patient()
    client.indices.put_alias(index=made.name, name=f"a-{made.alias}")
    assert made.problems() == []
