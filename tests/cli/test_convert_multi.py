import json
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.assets import require_profile
from es_jina.elastic.capabilities import Capabilities
from tests.elastic.convertible import content, edit_template, fill, fitting, state
from tests.elastic.rank_vectors_double import RankVectorsDouble

from .shell import Inside, Shell

BINARY, RANKED = fitting("binary", "bit"), fitting("rank_vectors", "bit")


@pytest.fixture
def made(ranked: Elasticsearch, index: str) -> str:
    """The test's index, filled."""
    fill(ranked, index, BINARY, Capabilities.detect(ranked))
    return index


@pytest.fixture
def es_jina(
    tmp_path: Path,
    double: RankVectorsDouble,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Inside:
    return Inside(tmp_path, double.url, monkeypatch, capfd)


class Gate:
    """Holds the double's bulk requests back until it is opened."""

    def __init__(self, double: RankVectorsDouble, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.open = threading.Event(), threading.Event()
        self._bulk: Any = double._bulk
        monkeypatch.setattr(double, "_bulk", self._held)

    def _held(self, asked: Any) -> Any:
        self.reached.set()
        self.open.wait(60)
        return self._bulk(asked)


@pytest.fixture
def gate(double: RankVectorsDouble, monkeypatch: pytest.MonkeyPatch, made: str) -> Gate:
    return Gate(double, monkeypatch)


def test_a_conversion(es_jina: Inside, made: str) -> None:
    told = es_jina("convert-multi", made, "--to", "rank_vectors")
    done, profile, kept = (line for line in told.splitlines() if "copied" not in line[:30])
    assert f"Converted '{made}': 30 documents, 28 with multi-vectors" in done
    assert f"from {made}-000001 to {made}-000002 in " in done
    assert "multi-vectors as rank_vectors bit, 2 pooled to one" in profile
    assert kept.endswith(f"when nobody needs it any more: DELETE /{made}-000001")
    assert "0 of 30 documents copied" in told
    silent = es_jina("convert-multi", made, "--to", "binary", errors=False)
    assert "of 30 documents" not in silent
    again = es_jina("convert-multi", made, "--to", "binary")
    assert again == f"The multi-vectors of '{made}' are binary already.\n"


def test_an_edited_template(es_jina: Inside, ranked: Elasticsearch, made: str) -> None:
    edit_template(ranked, made, {"index": {"refresh_interval": "7s"}}, {})
    told = es_jina("convert-multi", made, "--to", "rank_vectors", errors=False).splitlines()
    at = next(number for number, line in enumerate(told) if "was edited" in line)
    assert told[at].startswith(
        f"  the index template es-jina-{made} was edited; the edits are kept"
    )
    assert "    + template.mappings.properties.multi_vector.type = rank_vectors" in told[at:]
    assert not any("refresh_interval" in line for line in told)


def test_a_trial(es_jina: Inside, double: RankVectorsDouble, made: str) -> None:
    double.licence = "trial"
    told = es_jina("convert-multi", made, "--to", "rank_vectors", code=2)
    assert told.startswith("Error: this cluster has a trial licence: when it ends")
    assert told.endswith(f"leave '{made}' as it is, or add --yes to go on\n")
    assert told.count("\n") == 1
    es_jina("convert-multi", made, "--to", "rank_vectors", "--yes")
    double.licence = "lapsed"
    es_jina("convert-multi", made, "--to", "binary")


def test_no_licence(es_jina: Inside, double: RankVectorsDouble, made: str) -> None:
    double.licence = "basic"
    told = es_jina("convert-multi", made, "--to", "rank_vectors", "--yes", code=2)
    assert "(Elasticsearch 9.5.0, basic licence) does not take rank_vectors" in told
    assert told.count("\n") == 1


def test_a_cluster_that_is_gone(es_jina: Inside) -> None:
    told = es_jina("convert-multi", "docs", "--to", "binary", "--url", "http://127.0.0.1:9", code=4)
    assert "cannot be reached" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_the_index_as_it_was(
    tmp_path: Path,
    double: RankVectorsDouble,
    ranked: Elasticsearch,
    made: str,
    gate: Gate,
    number: signal.Signals,
) -> None:
    was = state(ranked, made)
    process = Shell(tmp_path, double.url).started("convert-multi", made, "--to", "rank_vectors")
    assert gate.reached.wait(60)
    process.send_signal(number)
    gate.open.set()
    told, said = process.communicate(timeout=60)
    assert (process.returncode, told) == (130, "")
    assert said.endswith(f"Interrupted; '{made}' is as it was before.\n")
    assert state(ranked, made) == was


def test_killed_in_the_middle_it_is_done_again(
    tmp_path: Path, double: RankVectorsDouble, ranked: Elasticsearch, made: str, gate: Gate
) -> None:
    was = content(ranked, made)
    shell = Shell(tmp_path, double.url)
    process: subprocess.Popen[str] = shell.started("convert-multi", made, "--to", "rank_vectors")
    assert gate.reached.wait(60)
    process.kill()
    process.communicate(timeout=60)
    gate.open.set()
    assert content(ranked, made) == was
    problems = [
        finding["step"]
        for finding in json.loads(shell("doctor", made, "--json", code=1))
        if "index.blocks.write" in finding["message"]
    ]
    assert problems == [
        f"`es-jina convert-multi {made} --to rank_vectors` begins anew; or DELETE /{made}-000002 "
        f'and lift it: PUT /{made}-000001/_settings {{"index.blocks.write": null}}'
    ]
    assert "30 documents" in shell("convert-multi", made, "--to", "rank_vectors")
    assert require_profile(ranked, made) == RANKED
    assert content(ranked, made).keys() == was.keys()
    assert set(ranked.indices.get(index=f"{made}-*")) == {f"{made}-000001", f"{made}-000003"}
    old = [line for line in shell("doctor", code=1).splitlines() if f"{made}-000001:" in line]
    assert len(old) == 1
    assert f"when nobody needs it any more: DELETE /{made}-000001" in old[0]
