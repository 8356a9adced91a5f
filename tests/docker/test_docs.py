"""docs/docker.md: what it tells to type is there, and es-jina takes it."""

import contextlib
import re
import shlex

import click
import pytest

from tests.docker.commands import parse
from tests.docker.compose import DOCKER, knobs, services
from tests.docker.dockerfile import ROOT, stages

TEXT = (ROOT / "docs/docker.md").read_text("utf-8")
TYPED = re.findall(r"```\w*\n(.*?)```", TEXT, re.DOTALL) + re.findall(r"`([^`\n]+)`", TEXT)
LINES = "\n".join(TYPED).replace("\\\n", " ").splitlines()
# `docker compose run OPTIONS SERVICE ARGUMENTS`, where the arguments are es-jina's.
RUN = re.compile(r"docker compose run --rm (?:--no-deps )?(ingest|endpoints|index-\w+) (\w.*)")
OWN = re.compile(r"es-jina ((?:doctor|key|embed|setup|serve|kibana) .*)|es-jina:\w+ (embed .*)")


def commands() -> list[list[str]]:
    found = [RUN.search(line) for line in LINES] + [OWN.search(line) for line in LINES]
    return [
        shlex.split(next(filter(None, reversed(match.groups()))), comments=True)
        for match in found
        if match
    ]


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_es_jina_takes_what_is_typed(arguments: list[str]) -> None:
    # In a sentence the name of a command stands for all of its line.
    with contextlib.suppress(click.MissingParameter):
        # A file that an earlier command has copied is not here.
        parse([each for each in arguments if each not in {"--ca-certs", "ca.crt"}])


def test_commands_are_found() -> None:
    assert len(commands()) >= 7


def test_profiles_targets_services_and_knobs_are_there() -> None:
    text = "\n".join(LINES)
    found = services()
    profiles = {profile for each in found.values() for profile in each.get("profiles", [])}
    # They are chosen in .env: an option would be forgotten with `down`.
    assert not re.search(r"--profile \w", text)
    chosen = re.search(r"# COMPOSE_PROFILES in it: (\w+), (\w+) or (\w+)", text)
    assert chosen is not None
    assert {*chosen.groups()} == profiles - {"ingest"}
    assert {*re.findall(r"--target (\w+)", text)} <= stages().keys()
    assert {*re.findall(r"docker compose run --rm (?:--no-deps )?(\w\S*)", text)} <= found.keys()
    named = {*re.findall(r"`([A-Z][A-Z_]+[A-Z])(?:=[^`]*)?`", TEXT)} - {"INDEX"}
    assert named <= knobs().keys() | {"TORCH_BACKEND", "COMPOSE_PROFILES"}


def test_files_are_there() -> None:
    for name in re.findall(r"docker/k8s(?:/[\w.-]+)?", TEXT):
        assert (ROOT / name).exists()
    for script in re.findall(r"`(\w+\.sh)`", TEXT):
        assert (DOCKER / "stack" / script).is_file()
