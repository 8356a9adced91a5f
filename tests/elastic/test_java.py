import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from es_jina.elastic import java
from es_jina.elastic.java import find_java
from es_jina.errors import NodeError


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Java anywhere, and none to be fetched."""
    for variable in ("ES_JAVA_HOME", "JAVA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("ES_JINA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(java, "_install_folders", lambda: [(tmp_path / "installed", "*")])
    monkeypatch.setitem(sys.modules, "cjdk", None)


def fake_java(home: Path, version: str = "25.0.1", *, vector: bool = True) -> Path:
    lines = ["#!/bin/sh", f"echo '    java.home = {home}' >&2", f"echo java.base@{version}"]
    if vector:
        lines.append(f"echo jdk.incubator.vector@{version}")
    return fake_program(home, "\n".join(lines))


def fake_program(home: Path, text: str) -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(text + "\n")
    program.chmod(0o755)
    return home


def test_es_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ES_JAVA_HOME", str(fake_java(tmp_path / "a", "21.0.2")))
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "b")))
    assert find_java() == tmp_path / "a"


def test_unsuitable_ones_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ES_JAVA_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "old", "17.0.15")))
    fake_java(tmp_path / "installed" / "jdk-21", "21", vector=False)
    fake_java(tmp_path / "installed" / "jdk-25")
    assert find_java() == tmp_path / "installed" / "jdk-25"


def test_java_on_the_path_leads_to_its_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = fake_java(tmp_path / "jdk")
    path = tmp_path / "path"
    path.mkdir()
    (path / "java").symlink_to(home / "bin" / "java")
    assert find_java() == home


def test_starter_on_the_path_tells_the_home(tmp_path: Path) -> None:
    home = fake_java(tmp_path / "jdk")
    starter = fake_program(tmp_path / "shims", f'#!/bin/sh\nexec {home}/bin/java "$@"')
    (tmp_path / "path").symlink_to(starter / "bin")
    assert find_java() == home


def test_each_refusal_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ES_JAVA_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "old", "17.0.15")))
    fake_java(tmp_path / "installed" / "a", "21", vector=False)
    fake_program(tmp_path / "installed" / "b", "#!/bin/sh\necho Unrecognized option; exit 1")
    with pytest.raises(NodeError) as caught:
        find_java()
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        "install a JDK 21 or newer",
        f"ES_JAVA_HOME {tmp_path}/nowhere: no bin/java",
        f"JAVA_HOME {tmp_path}/old: version 17 is older than 21",
        f"{tmp_path}/installed/a: lacks the module jdk.incubator.vector",
        f"{tmp_path}/installed/b: does not list modules",
        "pip install 'es_jina[embedded]'",
    ):
        assert part in message


def test_java_that_hangs_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "TIMEOUT", 0.3)
    monkeypatch.setenv(
        "JAVA_HOME", str(fake_program(tmp_path / "slow", "#!/bin/sh\nread line </dev/zero"))
    )
    with pytest.raises(NodeError, match="does not answer"):
        find_java()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the node as another user")
def test_java_that_the_node_user_cannot_reach_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("ES_JAVA_HOME", str(fake_java(tmp_path / "mine")))
    assert find_java() == tmp_path / "mine"
    with pytest.raises(NodeError, match="cannot be run by user 65534"):
        find_java(65534)


class FakeCjdk(ModuleType):
    """Stands in for the real one, which downloads 200 MB."""

    class CjdkError(Exception):
        pass

    def __init__(self, home: Path | None) -> None:
        super().__init__("cjdk")
        self.home = home

    def java_home(self, **_options: object) -> Path:
        if self.home is None:
            raise self.CjdkError("no route")
        return self.home


def test_java_is_fetched_when_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = fake_java(tmp_path / "cache" / "java" / "jdk")
    monkeypatch.setitem(sys.modules, "cjdk", FakeCjdk(home))
    assert find_java() == home


def test_failed_fetch_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cjdk", FakeCjdk(None))
    with pytest.raises(NodeError, match=r"no Java for Elasticsearch: .*download failed"):
        find_java()


def test_fetched_tree_is_opened(tmp_path: Path) -> None:
    home = fake_java(tmp_path / "jdk")
    for path in (home, home / "bin", home / "bin" / "java"):
        path.chmod(0o700)
    java._open_tree(home)
    assert (home / "bin" / "java").stat().st_mode & 0o777 == 0o755
    assert home.stat().st_mode & 0o777 == 0o755
