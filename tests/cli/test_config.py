"""The configuration file, alone and as a command uses it."""

import base64
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_httpserver import HTTPServer

from es_jina.cli.config import KEYS, config_file, read_config
from es_jina.cli.main import cli
from es_jina.errors import EsJinaError, RequestError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file is looked for; it is not there yet."""
    for name in [name for name in os.environ if name.startswith("ES_JINA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / ".config").mkdir()
    return tmp_path / ".config" / "es-jina.toml"


def test_where_the_file_is(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config_file() == file
    assert read_config() == {}
    monkeypatch.setenv("XDG_CONFIG_HOME", "/elsewhere")
    assert config_file() == Path("/elsewhere/es-jina.toml")
    monkeypatch.setenv("ES_JINA_CONFIG", "~/another.toml")
    assert config_file() == file.parent.parent / "another.toml"


def test_every_key(file: Path) -> None:
    file.write_text("".join(f'{key} = "a {key}"\n' for key in KEYS))
    found = read_config()
    assert set(found) == set(KEYS)
    # A path counts from the file's own folder, for commands are run anywhere.
    assert found.pop("ca_certs") == str(file.parent / "a ca_certs")
    assert all(value == f"a {key}" for key, value in found.items())


def test_an_authority_below_the_home(file: Path) -> None:
    file.write_text('url = "https://host"\nca_certs = "~/ca.pem"\n')
    assert read_config()["ca_certs"] == str(file.parent.parent / "ca.pem")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('urls = "x"', "no key 'urls'; allowed are url, cloud_id, api_key, username, password, ca"),
        ('[cluster]\nurl = "x"', "no key 'cluster'; allowed are url"),
        ("url = 9200", "url must be text in quotes, and not empty"),
        ('url = ""', "url must be text in quotes, and not empty"),
        ('url = "a"\nurl = "b"', "not valid TOML: Cannot overwrite a value"),
        ("url = https://host", r"not valid TOML: .*\(at line 1"),
        ('url = "\udcff"', "not valid TOML: .*utf-8"),
        ('api_key = "secret"', "add url or cloud_id"),
    ],
)
def test_a_file_that_is_not_right(file: Path, text: str, told: str) -> None:
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(RequestError, match=told) as raised:
        read_config()
    assert str(raised.value).startswith(f"{file}: ")
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_file_that_cannot_be_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.mkdir()
    with pytest.raises(RequestError, match=f"{file}: cannot be read: Is a directory"):
        read_config()
    monkeypatch.setenv("ES_JINA_CONFIG", "/no/such/file")
    with pytest.raises(RequestError, match="/no/such/file: there is no such file; ES_JINA_CONFIG"):
        read_config()


def authorization(server: HTTPServer, *arguments: str) -> str | None:
    """Return how `es-jina doctor` signs in; the server refuses it."""
    server.clear()
    server.expect_request(re.compile("/.*")).respond_with_json({"error": "no"}, status=401)
    told = CliRunner().invoke(cli, ["doctor", *arguments], standalone_mode=False)
    assert isinstance(told.exception, EsJinaError)
    assert "answered 401" in str(told.exception)
    # Several questions are asked at once.
    (header,) = {request.headers.get("authorization") for request, _ in server.log}
    return header


def test_the_file_is_used_and_each_stronger_place_beats_it(
    file: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = httpserver.url_for("").rstrip("/")
    file.write_text(f'url = "{url}"\napi_key = "from-file"\n')
    assert authorization(httpserver) == "ApiKey from-file"
    assert authorization(httpserver, "--url", f"{url}/") == "ApiKey from-file"
    monkeypatch.setenv("ES_JINA_USERNAME", "alice")
    monkeypatch.setenv("ES_JINA_PASSWORD", "wonder")
    basic = base64.b64encode(b"alice:wonder").decode()
    assert authorization(httpserver) == f"Basic {basic}"
    assert authorization(httpserver, "--api-key", "a-flag") == "ApiKey a-flag"


def test_another_cluster_gets_no_key_of_the_file(file: Path, httpserver: HTTPServer) -> None:
    url = httpserver.url_for("").rstrip("/")
    file.write_text('url = "https://production:9200"\napi_key = "from-file"\n')
    assert authorization(httpserver, "--url", url) is None


def test_a_wrong_file_ends_a_command(file: Path) -> None:
    file.write_text('urll = "x"')
    told = CliRunner().invoke(cli, ["doctor"], standalone_mode=False)
    assert isinstance(told.exception, RequestError)
    assert str(told.exception).startswith(f"{file}: there is no key 'urll'")
