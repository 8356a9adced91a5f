import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from es_jina.dense import MATRYOSHKA_DIMS, dense_profiles
from es_jina.elastic.assets import assets, require_profile, shipped_folder
from es_jina.errors import RequestError
from es_jina.profile import IndexProfile, MultiVectorProfile

ROOT = Path(__file__).parents[2]
COMPONENTS = sorted((ROOT / "mappings" / "component_templates").glob("*.json"))
PROFILE = IndexProfile(
    "model", "rev", dense_profiles(128, 1024), MultiVectorProfile("binary", "bit"), 1000
)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


@pytest.fixture
def component(client: Elasticsearch) -> Iterator[str]:
    """The name of a component template that goes away."""
    yield "test-component"
    client.options(ignore_status=404).cluster.delete_component_template(name="test-component")


def test_there_is_a_template_for_every_choice() -> None:
    assert {path.stem for path in COMPONENTS} == {
        "es-jina-settings",
        "es-jina-document",
        "es-jina-text",
        "es-jina-multi-vector-binary",
        "es-jina-multi-vector-rank-vectors",
        *(f"es-jina-embedding-{dims}" for dims in MATRYOSHKA_DIMS),
    }


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_a_component_template_can_be_put_by_hand(
    client: Elasticsearch, component: str, path: Path
) -> None:
    body = read(path)
    assert body["version"] >= 1
    assert body["_meta"]["description"]
    assert re.fullmatch(r"[a-z0-9-]+", path.stem)
    if "rank-vectors" in path.stem:
        # This distribution does not have the type: nothing else may be wrong with it.
        with pytest.raises(BadRequestError) as refused:
            client.cluster.put_component_template(name=component, body=body)
        cause: Any = refused.value.body
        assert "[rank_vectors] declared on field [multi_vector] does not exist" in str(cause)
        return
    client.cluster.put_component_template(name=component, body=body)
    (stored,) = client.cluster.get_component_template(name=component)["component_templates"]
    assert stored["component_template"]["version"] == body["version"]


@pytest.mark.parametrize("dims", MATRYOSHKA_DIMS)
def test_an_embedding_template_is_of_the_dims_that_its_name_says(dims: int) -> None:
    body = read(ROOT / "mappings" / "component_templates" / f"es-jina-embedding-{dims}.json")
    ((field, mapping),) = body["template"]["mappings"]["properties"].items()
    assert (field, mapping["dims"]) == (f"embedding_{dims}", dims)


def test_the_index_template_can_be_put_by_hand_and_makes_an_index(client: Elasticsearch) -> None:
    template = read(ROOT / "mappings" / "index_template.json")
    template["index_patterns"] = ["byhand-0*"]
    for name in template["composed_of"]:
        body = read(ROOT / "mappings" / "component_templates" / f"{name}.json")
        client.cluster.put_component_template(name=name, body=body)
    client.indices.put_index_template(name="byhand", body=template)
    try:
        client.indices.create(index="byhand-000001")
        (made,) = client.indices.get(index="byhand-000001").values()
        assert made["mappings"]["properties"]["embedding_1024"]["dims"] == 1024
        assert made["mappings"]["properties"]["multi_vector"]["type"] == "binary"
        assert made["mappings"]["properties"]["title"]["fields"]["keyword"]["ignore_above"] == 256
        assert made["mappings"]["dynamic"] == "false"
        assert made["settings"]["index"]["auto_expand_replicas"] == "0-1"
    finally:
        client.options(ignore_status=404).indices.delete(index="byhand-000001")
        client.indices.delete_index_template(name="byhand")


@pytest.mark.parametrize("name", ["a,b", "shop*", "_all"])
def test_a_name_that_may_mean_several_indices_is_refused(client: Elasticsearch, name: str) -> None:
    with pytest.raises(RequestError, match="may mean several indices: name one"):
        require_profile(client, name)


def test_the_shipped_files_stay_as_they_are() -> None:
    """A fitted template is a copy: the next index starts from the shipped one."""
    before = assets("one", PROFILE)
    before.index_template["composed_of"].append("broken")
    after = assets("two", PROFILE)
    assert after.index_template["composed_of"] == [
        "es-jina-settings",
        "es-jina-document",
        "es-jina-text",
        "es-jina-embedding-128",
        "es-jina-embedding-1024",
        "es-jina-multi-vector-binary",
    ]


def test_the_shipped_files_travel_in_the_wheel(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    unpacked = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    code = """
from es_jina.elastic import analyzers, assets
print(assets.shipped_folder("mappings"), assets.shipped_folder("pipelines"))
assert analyzers.languages()
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(unpacked)},
        check=True,
        capture_output=True,
        text=True,
    )
    for inside, room in zip(ran.stdout.split(), ("mappings", "pipelines"), strict=True):
        assert inside == str(unpacked / "es_jina" / room)
        assert contents(Path(inside)) == contents(shipped_folder(room)) != {}


def contents(folder: Path) -> dict[Path, dict[str, Any]]:
    return {path.relative_to(folder): read(path) for path in folder.rglob("*.json")}
