"""compose.yml: valid, whole, closed to others by default, and with commands that es-jina takes."""

import json
import re
from graphlib import TopologicalSorter
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

from tests.docker.commands import parse
from tests.docker.compose import (
    COMPOSE,
    DOCKER,
    MalformedError,
    Service,
    interpolate,
    knobs,
    loaded,
    services,
    texts,
)

PROFILES = ("cpu", "gpu", "hosted")
LOCAL_IMAGE = "es-jina:"
VARIABLE = re.compile(r"\$\{([A-Z_]+)")
EXACT = re.compile(r"\d+\.\d+\.\d+")


def is_ours(service: Service) -> bool:
    return str(service["image"]).startswith(LOCAL_IMAGE)


def specification() -> Validator:
    """Return the Compose specification's schema; check-jsonschema carries it."""
    file = resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json"
    schema = json.loads(file.read_text("utf-8"))
    return validator_for(schema)(schema)


OURS = sorted(name for name, each in services().items() if is_ours(each) and "command" in each)


@pytest.mark.parametrize("values", [{}, dict.fromkeys(knobs(), "3")], ids=["empty", "all"])
def test_it_is_valid(values: dict[str, str]) -> None:
    whole = loaded() | {"services": services(values)}
    assert [error.message for error in specification().iter_errors(whole)] == []


def test_the_schema_would_tell() -> None:
    wrong = loaded()
    wrong["services"]["kibana"]["helthcheck"] = {}
    assert not specification().is_valid(wrong)


def test_every_variable_is_explained_and_every_knob_is_one() -> None:
    used = set(VARIABLE.findall("".join(texts(loaded()["services"]))))
    assert used == set(knobs())
    assert set(VARIABLE.findall(COMPOSE.read_text("utf-8"))) - used <= {"VARIABLE"}


def test_the_example_tells_the_defaults() -> None:
    told = {name: value for name, value in knobs().items() if value}
    assert services(told) == services()
    for name, value in told.items():
        assert f"${{{name}:-{value}}}" in COMPOSE.read_text("utf-8")


def test_the_example_chooses_a_profile() -> None:
    """Without one, `down` would leave what a profile has started."""
    text = (DOCKER / ".env.example").read_text("utf-8")
    (chosen,) = re.findall(r"^COMPOSE_PROFILES=(\w+)$", text, re.MULTILINE)
    assert chosen in PROFILES


def test_addresses_follow_the_ports() -> None:
    found = services({"SERVER_PORT": "81", "KIBANA_PORT": "82"})
    assert "http://localhost:81" in found["dashboards"]["command"]
    assert found["kibana"]["environment"]["SERVER_PUBLICBASEURL"] == "http://localhost:82"


@pytest.mark.parametrize("name", OURS)
def test_es_jina_takes_its_commands(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = services()[name]
    for variable, value in service["environment"].items():
        monkeypatch.setenv(variable, value)
    parse(service["command"])


def test_the_servers_differ_in_where_the_model_runs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    found = services()
    for variable, value in found["es-jina-gpu"]["environment"].items():
        monkeypatch.setenv(variable, value)
    asked = parse(found["es-jina-gpu"]["command"]).params
    assert (asked["provider"], asked["device"]) == ("local", "cuda")
    assert (asked["host"], asked["port"], asked["add"]) == ("0.0.0.0", 8080, "")
    assert asked["public_thumbnails"] is True
    own = {"image", "profiles", "environment", "deploy", "depends_on", "mem_limit"}
    cpu, *others = (
        {k: v for k, v in found[f"es-jina-{p}"].items() if k not in own} for p in PROFILES
    )
    assert others == [cpu, cpu]


@pytest.mark.parametrize("profile", [*PROFILES, "ingest", None])
def test_every_profile_is_whole_and_starts_in_some_order(profile: str | None) -> None:
    active = {
        name: each
        for name, each in services().items()
        if "profiles" not in each or profile in each["profiles"]
    }
    waits: dict[str, set[str]] = {}
    for name, each in active.items():
        needed = each.get("depends_on", {})
        for other, how in needed.items():
            assert other in active or how.get("required") is False, (name, other)
        waits[name] = needed.keys() & active.keys()
    order = [*TopologicalSorter(waits).static_order()]
    if profile in PROFILES:
        wanted = ["secrets", "elasticsearch", "accounts", f"index-{profile}", f"es-jina-{profile}"]
        wanted += ["endpoints", "dashboards"]
        assert sorted(wanted, key=order.index) == wanted


def test_who_waits_waits_for_what_will_be() -> None:
    found = services()
    for each in found.values():
        for other, how in each.get("depends_on", {}).items():
            checked = "test" in found[other].get("healthcheck", {})
            stays = "restart" in found[other]
            assert how["condition"] == (
                "service_healthy" if stays else "service_completed_successfully"
            )
            assert stays == checked


def test_nobody_else_reaches_it_by_default() -> None:
    published = [port for each in services().values() for port in each.get("ports", [])]
    assert len(published) == 5
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_images_are_exact() -> None:
    for each in services().values():
        _, _, tag = each["image"].partition(":")
        assert is_ours(each) or EXACT.fullmatch(tag)


def builders() -> dict[str, str]:
    """Return who builds which image: Docker refuses two that build the same at once."""
    found: dict[str, str] = {}
    for name, each in services().items():
        if "build" in each:
            assert each["image"] not in found, (name, found)
            found[each["image"]] = name
    return found


def test_each_image_is_built_by_one_service_and_pulled_by_none() -> None:
    found = services()
    assert builders().keys() == {each["image"] for each in found.values() if is_ours(each)}
    for image, name in builders().items():
        build = found[name]["build"]
        assert image == f"{LOCAL_IMAGE}{build['target']}"
        assert (DOCKER / build["context"] / build["dockerfile"]).is_file()
    for name, each in found.items():
        if is_ours(each):
            policy = "missing" if name in builders().values() else "never"
            assert each["pull_policy"] == policy, name


def needed(name: str, profile: str) -> set[str]:
    """Return a service and all that it waits for, where a profile is active."""
    found = services()
    names, left = {name}, [name]
    while left:
        for other in found[left.pop()].get("depends_on", {}):
            if other not in names and profile in found[other].get("profiles", [profile]):
                names.add(other)
                left.append(other)
    return names


@pytest.mark.parametrize("profile", PROFILES)
def test_what_builds_an_image_is_started_before_it_is_used(profile: str) -> None:
    """By `up`, and by `run`, which starts what a service waits for and no more."""
    for name, each in services().items():
        profiles = each.get("profiles", [profile])
        if is_ours(each) and (profile in profiles or name == "ingest"):
            assert builders()[each["image"]] in needed(name, profile), name


def test_secrets_go_through_files() -> None:
    """Whoever may look at a container sees its environment, and its command line."""
    for name, each in services().items():
        environment = each.get("environment", {})
        secret = {key for key in environment if re.search("PASSWORD|KEY", key)}
        assert name == "secrets" or all(key.endswith("_FILE") for key in secret)


def test_containers_may_do_little() -> None:
    for name, each in services().items():
        assert each["cap_drop" if name != "secrets" else "cap_add"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert ("user" in each) == (name == "secrets"), name
        if is_ours(each):
            assert each["read_only"] is True, name
            assert each["tmpfs"] == ["/tmp"], name
        if "restart" in each:
            assert each["mem_limit"], name


def test_volumes_are_declared_and_the_authority_is_nobodys() -> None:
    mounted: dict[str, set[str]] = {}
    for name, each in services().items():
        for volume in each.get("volumes", []):
            source = volume["source"] if isinstance(volume, dict) else volume.partition(":")[0]
            mounted.setdefault(source, set()).add(name)
    named = {source for source in mounted if not source.startswith(".")}
    assert named == loaded()["volumes"].keys()
    assert mounted["authority"] == {"secrets"}
    assert mounted["admin"] == {"secrets", "index-cpu", "index-gpu", "index-hosted"} | {
        "endpoints",
        "dashboards",
    }
    assert (DOCKER / "stack").is_dir()


def test_documents_are_read_alone() -> None:
    found = services()
    for name in ("ingest", *(f"es-jina-{profile}" for profile in PROFILES)):
        (bind,) = [each for each in found[name]["volumes"] if isinstance(each, dict)]
        assert bind["read_only"] is True
        assert bind["bind"] == {"create_host_path": False}
        assert bind["target"] in found["ingest"]["command"]
        assert (DOCKER / bind["source"]).is_dir()


def test_what_is_generated_is_not_in_git() -> None:
    ignored = (Path(DOCKER).parent / ".gitignore").read_text("utf-8").split()
    assert "docker/.env" in ignored


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a ${A} b", "a 1 b"),
        ("${B:-2}", "2"),
        ("${A:-2}", "1"),
        ("${EMPTY:-2}", "2"),
        ("${B:-http://x:${A}}", "http://x:1"),
        ("${A:?no}", "1"),
        ("$$A", "$A"),
    ],
)
def test_interpolation(text: str, told: str) -> None:
    assert interpolate(text, {"A": "1", "EMPTY": ""}) == told


@pytest.mark.parametrize(
    "text", ["$A", "${B}", "${A", "${1}", "${B:?say it}", "${A-x}", "${A:+x}", "${}"]
)
def test_interpolation_forgives_nothing(text: str) -> None:
    with pytest.raises(MalformedError):
        interpolate(text, {"A": "1"})


@given(st.text(st.characters(exclude_characters="$")))
def test_interpolation_keeps_what_is_no_variable(text: str) -> None:
    assert interpolate(text, {}) == text
