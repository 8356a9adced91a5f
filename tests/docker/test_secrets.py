"""Certificates, passwords and keys, as secrets.sh makes them."""

import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from es_jina.cli.config import read_config
from es_jina.server.keys import Keys
from tests.docker.compose import services, texts
from tests.docker.scripts import ACCOUNTS, BIN, NEEDED, SECRETS, run, text

pytestmark = NEEDED


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_shellcheck_has_nothing_to_say() -> None:
    told = subprocess.run(
        [BIN / "shellcheck", SECRETS, ACCOUNTS],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (told.returncode, told.stdout) == (0, "")


def test_nothing_is_made_anew_by_the_next_start(volumes: Path) -> None:
    before = contents(volumes)
    written = {file: (volumes / file).stat().st_mtime_ns for file in before}
    run(SECRETS, STACK=str(volumes), ELASTIC_PASSWORD="another-one", JINA_API_KEY="jina_key")
    assert contents(volumes) == before
    assert {file: (volumes / file).stat().st_mtime_ns for file in before} == written


def test_a_key_of_the_hosted_api_that_is_taken_out_is_deleted(volumes: Path) -> None:
    assert (volumes / "app/jina-api.key").exists()
    run(SECRETS, STACK=str(volumes), JINA_API_KEY="")
    assert not (volumes / "app/jina-api.key").exists()


def test_only_its_user_reads_a_file(stack: Path) -> None:
    for file in stack.rglob("*"):
        if file.is_file():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600  # Elasticsearch insists


def test_a_certificate_that_ends_soon_is_renewed_by_the_same_authority(volumes: Path) -> None:
    node = volumes / "elasticsearch/node.crt"
    authority = (volumes / "authority/ca.crt").read_bytes()
    signed: list[str | Path] = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-noenc",
        "-days",
        "29",
    ]
    signed += ["-subj", "/CN=elasticsearch", "-out", node, "-keyout", node.with_suffix(".key")]
    signed += ["-CA", volumes / "authority/ca.crt", "-CAkey", volumes / "authority/ca.key"]
    subprocess.run(signed, check=True, capture_output=True)
    before = node.read_bytes()
    run(SECRETS, STACK=str(volumes))
    assert node.read_bytes() != before
    assert (volumes / "authority/ca.crt").read_bytes() == authority


def test_what_the_services_read(
    stack: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder, user, password in (
        ("admin", "elastic", "elastic"),
        ("app", "es_jina", "es_jina"),
    ):
        monkeypatch.setenv("ES_JINA_CONFIG", str(stack / folder / "es-jina.toml"))
        assert read_config() == {
            "url": "https://elasticsearch:9200",
            "username": user,
            "password": text(stack / f"elasticsearch/{password}.password"),
            "ca_certs": str(stack / folder / "ca.crt"),
        }
    keys = Keys(stack / "app/keys.txt")
    for name, file in (
        ("elasticsearch", "admin/elasticsearch.key"),
        ("people", "admin/people.key"),
        ("ingest", "app/ingest.key"),
    ):
        assert keys.name_of(text(stack / file)) == name
    assert text(stack / "app/jina-api.key") == "jina_key"
    kibana = yaml.safe_load(text(stack / "kibana/kibana.yml"))
    assert kibana["elasticsearch.password"] == text(stack / "elasticsearch/kibana_system.password")
    assert len(kibana["xpack.encryptedSavedObjects.encryptionKey"]) >= 32


def test_every_file_that_a_service_is_told_of_is_made(stack: Path) -> None:
    checked = 0
    for name, service in services().items():
        mounts = [each for each in service.get("volumes", []) if isinstance(each, str)]
        for volume, target, *_ in (each.split(":") for each in mounts):
            if not (stack / volume).is_dir() or name == "secrets":
                continue
            for told in texts([service.get("command", []), service.get("environment", {})]):
                _, found, file = told.partition(f"{target}/")
                # Elasticsearch's settings are paths below its folder for configuration.
                inside = file if found else told.removeprefix("stack/")
                if found or inside != told:
                    assert (stack / volume / inside).is_file(), (name, told)
                    checked += 1
    assert checked > 15


def test_people_are_told_how_to_sign_in(stack: Path) -> None:
    told = run(SECRETS, "show", STACK=str(stack))
    assert text(stack / "elasticsearch/elastic.password") in told
    assert text(stack / "admin/people.key") in told
    assert "jina_key" not in told


def test_passwords_may_be_chosen(tmp_path: Path) -> None:
    run(SECRETS, STACK=str(tmp_path), ELASTIC_PASSWORD="Chosen.1-x", KIBANA_PASSWORD="also_1")
    assert text(tmp_path / "elasticsearch/elastic.password") == "Chosen.1-x"
    assert text(tmp_path / "elasticsearch/kibana_system.password") == "also_1"
    assert not (tmp_path / "app/jina-api.key").exists()


@pytest.mark.parametrize("wrong", ['a"b"cdef', "with space", "fünfzig", "short"])
def test_passwords_that_cannot_be_written_everywhere_are_refused(
    tmp_path: Path, wrong: str
) -> None:
    told = run(SECRETS, code=1, STACK=str(tmp_path), ELASTIC_PASSWORD=wrong)
    assert told.startswith("secrets: a password in .env m")
    assert wrong not in told
    assert not (tmp_path / "elasticsearch/elastic.password").exists()


def test_a_key_that_was_revoked_is_followed_by_another(volumes: Path) -> None:
    keys = volumes / "app/keys.txt"
    before = text(volumes / "app/ingest.key")
    kept = [line for line in text(keys).splitlines() if not line.startswith("ingest ")]
    keys.write_text("".join(f"{line}\n" for line in kept))
    run(SECRETS, STACK=str(volumes))
    after = text(volumes / "app/ingest.key")
    assert after != before
    assert Keys(keys).name_of(after) == "ingest"
    assert Keys(keys).name_of(before) is None
