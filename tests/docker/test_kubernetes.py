"""The Kubernetes manifests: valid, of one mind, and with commands that es-jina takes."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from es_jina.server.limits import Limits
from es_jina.server.metrics import Metrics
from es_jina.server.queue import Queue
from tests.docker.commands import parse
from tests.docker.compose import DOCKER

K8S = DOCKER / "k8s"
OVERLAY = K8S / "gpu"
FOLDERS = ("base", "setup", "ingest")
FILES = [
    K8S / "config.example.yaml",
    *(f for each in FOLDERS for f in sorted((K8S / each).glob("*.yaml"))),
]
# The oldest that podFailurePolicy is stable in; and what is newest here.
VERSIONS = ("1.31", kubernetes_validate.latest_version())

Manifest = dict[str, Any]


def read(file: Path) -> list[Manifest]:
    return [*yaml.safe_load_all(file.read_text("utf-8"))]


def manifests() -> Iterator[Manifest]:
    for file in FILES:
        yield from (each for each in read(file) if each["kind"] != "Kustomization")


def of_kind(kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in manifests() if each["kind"] == kind}


def patched(whole: Any, patch: Any) -> Any:
    """Return what a strategic merge makes: mappings key by key, containers by their names."""
    if isinstance(whole, dict) and isinstance(patch, dict):
        return whole | {key: patched(whole.get(key), value) for key, value in patch.items()}
    if isinstance(whole, list) and all(isinstance(each, dict) for each in patch):
        by_name = {each["name"]: each for each in patch}
        return [patched(each, by_name.get(each["name"], {})) for each in whole]
    return patch


def on_gpus() -> Manifest:
    (patch,) = read(OVERLAY / "deployment.yaml")
    found: Manifest = patched(of_kind("Deployment")[patch["metadata"]["name"]], patch)
    return found


WORKLOADS = [*of_kind("Deployment").values(), *of_kind("Job").values(), on_gpus()]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", [*manifests(), on_gpus()], ids=lambda each: each["kind"])
def test_they_are_valid(manifest: Manifest, version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_the_schema_would_tell() -> None:
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(on_gpus() | {"specs": {}}, VERSIONS[0], strict=True)


def kustomized(folder: Path) -> set[Path]:
    """Return the files that a kustomization takes, by kustomize's own rules.

    https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/loader/fileloader.go

    Raises:
        AssertionError: it would refuse: a folder holds the one that asks for it, a file is outside.
    """
    (whole,) = read(folder / "kustomization.yaml")
    found = {folder / each["path"] for each in whole.get("patches", [])}
    for name in [*whole["resources"], *whole.get("transformers", [])]:
        each = (folder / name).resolve()
        if each.is_dir():
            assert each not in (folder, *folder.parents), f"{folder}: cycle: {name}"
            found |= kustomized(each)
        else:
            assert each.parent == folder
            found.add(each)
    return found


def test_kustomize_takes_every_file_and_finds_it() -> None:
    folders = [*(K8S / each for each in FOLDERS), OVERLAY]
    found = {file for folder in folders for file in kustomized(folder)}
    there = {*K8S.rglob("*.yaml")} - {*K8S.rglob("kustomization.yaml"), FILES[0]}
    assert found == there


def test_a_base_that_holds_its_overlay_would_be_told(tmp_path: Path) -> None:
    overlay = tmp_path / "gpu"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text('resources: [".."]')
    with pytest.raises(AssertionError, match="cycle"):
        kustomized(overlay)


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not there")
@pytest.mark.parametrize(
    ("folder", "tag"), [("base", "cpu"), ("gpu", "gpu"), ("setup", "cpu"), ("ingest", "hosted")]
)
def test_one_line_names_the_registry_of_all_images(folder: str, tag: str, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(K8S, tmp_path / "k8s"))
    images = copy / "images/images.yaml"
    line = "  newName: es-jina\n"
    assert images.read_text("utf-8").endswith(line)
    images.write_text(
        images.read_text("utf-8").replace(line, "  newName: r.example:5000/es-jina\n")
    )
    told = subprocess.run(
        ["kubectl", "kustomize", copy / folder],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    rendered = [*yaml.safe_load_all(told)]
    (container,) = (
        each["spec"]["template"]["spec"]["containers"][0]
        for each in rendered
        if each["kind"] in {"Deployment", "Job"}
    )
    assert container["image"] == f"r.example:5000/es-jina:{tag}"
    for each in rendered:
        kubernetes_validate.validate(each, VERSIONS[0], strict=True)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each["kind"])
def test_es_jina_takes_its_commands(
    workload: Manifest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    authority = tmp_path / "ca.crt"
    authority.touch()
    given = of_kind("ConfigMap")["es-jina"]["data"] | {"ES_JINA_CA_CERTS": str(authority)}
    given |= {each["name"]: each.get("value", "x") for each in container["env"]}
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    arguments = [
        each.replace("$(ES_JINA_INDEX)", given["ES_JINA_INDEX"]) for each in container["args"]
    ]
    assert not any("$(" in each for each in arguments)
    parse(arguments)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each["kind"])
def test_what_is_named_is_there(workload: Manifest) -> None:
    spec = workload["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert {each["name"] for each in container["volumeMounts"]} == {
        each["name"] for each in spec["volumes"]
    }
    secrets = {name: {*each["stringData"]} for name, each in of_kind("Secret").items()}
    files = set()
    for volume in spec["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            for item in source["secret"]["items"]:
                assert item["key"] in secrets[source["secret"]["name"]]
                files.add(f"/run/es-jina/{item['path']}")
    for each in container["env"]:
        if "valueFrom" in each:
            key = each["valueFrom"]["secretKeyRef"]
            assert key["key"] in secrets[key["name"]]
    named = {each.split("=")[-1] for each in container["args"] if "/run/es-jina/" in each}
    named.add(of_kind("ConfigMap")["es-jina"]["data"]["ES_JINA_CA_CERTS"])
    assert named <= files


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each["kind"])
def test_pods_may_do_little(workload: Manifest) -> None:
    spec = workload["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec["automountServiceAccountToken"] is False
    # Of a service called es-jina they would be ES_JINA_..., which are ours.
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    assert not container["image"].endswith("latest")


def test_the_service_finds_the_pods_and_the_probes_their_routes() -> None:
    (service,) = of_kind("Service").values()
    template = of_kind("Deployment")["es-jina"]["spec"]["template"]
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    (container,) = template["spec"]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 8080}]
    assert service["spec"]["ports"][0]["targetPort"] == "http"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health"
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"


def test_the_autoscaler_reads_a_metric_that_the_server_has() -> None:
    (scaler,) = of_kind("HorizontalPodAutoscaler").values()
    (metric,) = scaler["spec"]["metrics"]
    metrics = Metrics()
    metrics.watch(Queue(Limits()))
    assert f"\n{metric['pods']['metric']['name']} ".encode() in metrics.exposition()
    target = scaler["spec"]["scaleTargetRef"]
    assert target["name"] in of_kind(target["kind"])
