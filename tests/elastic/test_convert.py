import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import AuthorizationException, Elasticsearch

from es_jina.dense import ELEMENT_TYPES, ElementType, dense_profiles
from es_jina.elastic.assets import require_profile
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.conversion_note import NOTE_KEY
from es_jina.elastic.convert import Conversion, StoppedError
from es_jina.elastic.doctor import examine_indices
from es_jina.elastic.setup import set_up
from es_jina.elastic.vectors import encode
from es_jina.errors import ClusterError, RequestError
from es_jina.profile import IndexProfile, Store

from .convertible import (
    MULTIS,
    PROFILE,
    WITHOUT,
    content,
    fill,
    fitting,
    multi_vectors,
    state,
)
from .rank_vectors_double import RankVectorsDouble

BINARY, RANKED = fitting("binary", "byte"), fitting("rank_vectors", "byte")
BLOCK = "index.blocks.write"

Build = Callable[[IndexProfile], None]


@pytest.fixture
def able(ranked: Elasticsearch) -> Capabilities:
    """What the double can do."""
    return replace(Capabilities.detect(ranked), base64_rank_vectors=True)


@pytest.fixture
def build(ranked: Elasticsearch, able: Capabilities, index: str) -> Build:
    """Makes the test's index and fills it."""
    return lambda profile: fill(ranked, index, profile, able)


def expected(store: Store, element_type: ElementType) -> dict[str, Any]:
    """What is stored of each multi-vector, in the numbers that the store hands out."""
    told: dict[str, Any] = {}
    for ident, rows in MULTIS.items():
        stored = encode(rows, element_type)
        if store == "rank_vectors" and element_type == "bit":
            stored = stored.view(np.int8)
        elif store == "rank_vectors" and element_type == "bfloat16":
            stored = (stored.astype(np.uint32) << 16).view(np.float32)
        told[ident] = stored
    return {ident: rows for ident, rows in told.items() if ident not in WITHOUT}


def check_multi_vectors(client: Elasticsearch, index: str, profile: IndexProfile) -> None:
    multi = profile.multi_vector
    assert multi is not None
    found = multi_vectors(client, index, multi.element_type)
    wanted = expected(multi.store, multi.element_type)
    assert found.keys() == wanted.keys()
    for ident, rows in wanted.items():
        # Number for number: nothing is rounded on the way.
        np.testing.assert_array_equal(np.array(found[ident], rows.dtype), rows)


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
def test_there_and_back(
    ranked: Elasticsearch,
    able: Capabilities,
    index: str,
    build: Build,
    element_type: ElementType,
) -> None:
    binary, other = fitting("binary", element_type), fitting("rank_vectors", element_type)
    build(binary)
    was = content(ranked, index)
    told: list[tuple[int, ...]] = []

    def note(*progress: int) -> None:
        told.append(progress)

    conversion = Conversion(ranked, index, "rank_vectors", able, note)
    done = conversion.run()
    assert done is not None
    assert (done.source, done.target) == (f"{index}-000001", f"{index}-000002")
    assert (done.documents, done.multi_vectors) == (30, 28)
    assert told == [(copied, 30) for copied in range(31)]
    assert require_profile(ranked, index) == done.profile == other
    check_multi_vectors(ranked, index, other)
    for ident, (source, routing) in content(ranked, index).items():
        assert source == was[ident][0] | {"profile": other.fingerprint}
        assert routing == was[ident][1]
    assert Conversion(ranked, index, "rank_vectors", able).run() is None

    back = Conversion(ranked, index, "binary", able).run()
    assert back is not None
    assert (back.target, back.documents) == (f"{index}-000003", 30)
    assert require_profile(ranked, index) == binary
    assert content(ranked, index) == was
    check_multi_vectors(ranked, index, binary)


def test_the_next_index_and_the_one_that_was(
    ranked: Elasticsearch, able: Capabilities, index: str, build: Build
) -> None:
    build(BINARY)
    kept = {"term": {"title.keyword": "d4"}}
    alias = {"alias": f"some-{index}", "index": f"{index}-000001", "filter": kept}
    ranked.indices.update_aliases(actions=[{"add": {**alias, "routing": "r1"}}])
    Conversion(ranked, index, "rank_vectors", able).run()
    found = state(ranked, index)
    old, new = found[f"{index}-000001"], found[f"{index}-000002"]
    assert old["aliases"] == {}
    assert old["settings"][BLOCK] == "true"
    assert new["aliases"] == {
        index: {"is_write_index": True},
        f"some-{index}": {"filter": kept, "index_routing": "r1", "search_routing": "r1"},
    }
    assert BLOCK not in new["settings"]
    assert new["mappings"]["_meta"] == {"es_jina": RANKED.to_meta()}
    # A rollover would make one of the same kind.
    assert found["next"]["mappings"]["properties"]["multi_vector"]["type"] == "rank_vectors"
    ranked.index(index=index, document={"title": "written after it"})


def test_an_empty_index(ranked: Elasticsearch, able: Capabilities, index: str) -> None:
    set_up(ranked, index, BINARY, able)
    done = Conversion(ranked, index, "rank_vectors", able).run()
    assert done is not None
    assert (done.documents, done.multi_vectors) == (0, 0)
    assert require_profile(ranked, index) == RANKED


def test_searches_go_on_and_writes_wait(
    ranked: Elasticsearch, able: Capabilities, index: str, build: Build
) -> None:
    build(BINARY)
    refused: list[Exception] = []

    def meanwhile(copied: int, _total: int) -> None:
        if copied in (0, 15, 30):
            assert ranked.count(index=index)["count"] == 30
            with pytest.raises(AuthorizationException, match="cluster_block") as raised:
                ranked.delete(index=index, id="d0")
            refused.append(raised.value)

    Conversion(ranked, index, "rank_vectors", able, meanwhile).run()
    assert len(refused) == 3
    assert ranked.count(index=index)["count"] == 30


def interfering(
    ranked: Elasticsearch, able: Capabilities, index: str, what: Callable[[], object]
) -> Conversion:
    """A conversion during which something is done, once half is copied."""

    def interfere(copied: int, _total: int) -> None:
        if copied == 15:
            what()

    return Conversion(ranked, index, "rank_vectors", able, interfere)


def test_a_write_in_spite_of_the_block_is_not_lost(
    ranked: Elasticsearch, able: Capabilities, index: str, build: Build
) -> None:
    build(BINARY)
    was = state(ranked, index)

    def write() -> None:
        ranked.indices.put_settings(index=index, settings={BLOCK: None})
        ranked.index(index=index, id="d0", document={"title": "changed"}, refresh=True)

    with pytest.raises(ClusterError, match=f"written to while.*{index}' is as it was before"):
        interfering(ranked, able, index, write).run()
    assert changed(state(ranked, index), was) == set()
    assert ranked.get(index=index, id="d0")["_source"]["title"] == "changed"


def changed(now: dict[str, Any], was: dict[str, Any]) -> set[str]:
    """The names of what is not as it was."""
    return {name for name in now.keys() | was.keys() if now.get(name) != was.get(name)}


def test_told_to_stop(ranked: Elasticsearch, able: Capabilities, index: str, build: Build) -> None:
    build(BINARY)
    was = state(ranked, index)
    conversion = Conversion(ranked, index, "rank_vectors", able, lambda *_: conversion.stop())
    with pytest.raises(StoppedError, match=f"^Interrupted; '{index}' is as it was before$"):
        conversion.run()
    assert state(ranked, index) == was
    ranked.index(index=index, document={"title": "new"})


def test_a_block_of_the_users_own_stays(
    ranked: Elasticsearch, able: Capabilities, index: str, build: Build
) -> None:
    build(BINARY)
    ranked.indices.put_settings(index=index, settings={BLOCK: True})
    conversion = Conversion(ranked, index, "rank_vectors", able, lambda *_: conversion.stop())
    with pytest.raises(StoppedError):
        conversion.run()
    (left,) = ranked.indices.get(index=f"{index}-*", flat_settings=True).values()
    assert left["settings"][BLOCK] == "true"


def test_a_multi_vector_that_is_none_is_named(
    ranked: Elasticsearch, able: Capabilities, index: str, build: Build
) -> None:
    build(BINARY)
    ranked.index(index=index, id="broken", document={"multi_vector": "AAAA"}, refresh=True)
    was = state(ranked, index)
    with pytest.raises(RequestError, match=r"document 'broken' is none of 64 dims as byte: load"):
        Conversion(ranked, index, "rank_vectors", able).run()
    assert state(ranked, index) == was


def test_a_template_of_somebody_else_in_the_way(
    ranked: Elasticsearch, able: Capabilities, index: str, build: Build
) -> None:
    build(BINARY)
    name = f"{index}-foreign"
    ranked.indices.put_index_template(
        name=name, index_patterns=[f"{index}-0*"], priority=100_000, template={}
    )
    try:
        with pytest.raises(RequestError, match=r"another index template.*as it was before"):
            Conversion(ranked, index, "rank_vectors", able).run()
    finally:
        ranked.indices.delete_index_template(name=name)
    assert state(ranked, index)["next"]["mappings"]["_meta"]["es_jina"] == BINARY.to_meta()
    assert set(ranked.indices.get(index=f"{index}-*")) == {f"{index}-000001"}


def test_what_cannot_be_converted(
    ranked: Elasticsearch, able: Capabilities, index: str, build: Build
) -> None:
    def refused(name: str) -> str:
        with pytest.raises(RequestError) as raised:
            Conversion(ranked, name, "rank_vectors", able).run()
        assert "\n" not in str(raised.value)
        return str(raised.value)

    assert "create it with `es-jina setup" in refused(index)
    build(BINARY)
    assert f"name the alias that leads to it (GET /{index}-000001/_alias)" in refused(
        f"{index}-000001"
    )
    ranked.indices.rollover(alias=index)
    assert f"several indices ({index}-000001, {index}-000002)" in refused(index)


def test_an_index_without_multi_vectors(
    ranked: Elasticsearch, able: Capabilities, index: str
) -> None:
    plain = replace(PROFILE, dense=dense_profiles(128), multi_vector=None)
    set_up(ranked, index, plain, able)
    with pytest.raises(RequestError, match="has no multi-vectors to convert"):
        Conversion(ranked, index, "binary", able).run()


def test_a_licence_without_rank_vectors(
    double: RankVectorsDouble, ranked: Elasticsearch, index: str, build: Build
) -> None:
    build(BINARY)
    double.licence = "basic"
    able = Capabilities.detect(ranked)
    with pytest.raises(RequestError, match=r"basic licence\) does not take rank_vectors"):
        Conversion(ranked, index, "rank_vectors", able).run(accept_lapse=True)
    assert require_profile(ranked, index) == BINARY


@pytest.mark.parametrize(
    ("licence", "told"),
    [("trial", "has a trial licence.*turns red"), ("unknown", "that is unknown.*turns red")],
)
def test_a_licence_that_may_end(
    double: RankVectorsDouble,
    ranked: Elasticsearch,
    index: str,
    build: Build,
    licence: str,
    told: str,
) -> None:
    build(BINARY)
    double.licence = "trial"
    able = replace(Capabilities.detect(ranked), licence=licence)
    with pytest.raises(RequestError, match=rf"{told}.*; leave '{index}' as it is, or add --yes"):
        Conversion(ranked, index, "rank_vectors", able).run()
    assert require_profile(ranked, index) == BINARY
    assert Conversion(ranked, index, "rank_vectors", able).run(accept_lapse=True) is not None


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
def test_a_lapsed_licence_keeps_nobody_from_leaving(
    double: RankVectorsDouble,
    ranked: Elasticsearch,
    index: str,
    build: Build,
    element_type: ElementType,
) -> None:
    build(fitting("rank_vectors", element_type))
    double.licence = "lapsed"
    able = Capabilities.detect(ranked)
    assert not able.rank_vectors
    conversion = Conversion(ranked, index, "binary", able, lambda *_: conversion.stop())
    with pytest.raises(StoppedError, match="as it was before"):
        conversion.run()
    assert BLOCK not in state(ranked, index)[f"{index}-000001"]["settings"]
    assert Conversion(ranked, index, "binary", able).run() is not None
    check_multi_vectors(ranked, index, fitting("binary", element_type))


# It converts, and is killed before its n-th request.
CHILD = """
import os, signal, sys
from dataclasses import replace
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.convert import Conversion

def convert(url, index, left):
    client = Cluster(url).connect()
    able = replace(Capabilities.detect(client), base64_rank_vectors=True)
    send = type(client.transport).perform_request

    def perform_request(*args, **options):
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return send(*args, **options)

    type(client.transport).perform_request = perform_request
    Conversion(client, index, "rank_vectors", able).run()

for line in sys.stdin:
    url, index, left = line.split()
    child = os.fork()
    if not child:
        convert(url, index, int(left))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_killed_at_any_moment_it_can_be_done_again(
    double: RankVectorsDouble,
    ranked: Elasticsearch,
    able: Capabilities,
    index: str,
    build: Build,
) -> None:
    build(BINARY)
    before = content(ranked, index)
    moment = 0
    with subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        killed = True
        while killed:
            moment += 1
            # Each of them also has to cope with what the one before has left.
            process.stdin.write(f"{double.url} {index} {moment}\n")
            process.stdin.flush()
            killed = int(process.stdout.readline()) == -signal.SIGKILL
            assert content(ranked, index).keys() == before.keys()
            check_named(ranked, able, index)
        process.stdin.close()
    assert moment > 25
    assert require_profile(ranked, index) == RANKED
    check_multi_vectors(ranked, index, RANKED)
    assert len(ranked.indices.get(index=f"{index}-*")) == 2


def findings(client: Elasticsearch, able: Capabilities, index: str) -> list[tuple[str, str]]:
    told = examine_indices(client, able, index)
    return [(each.level, f"{each.message}; {each.step}") for each in told if each.level != "ok"]


def check_named(client: Elasticsearch, able: Capabilities, index: str) -> None:
    """Whatever moment it was, the doctor names what there is to do, or does it."""
    (current,) = client.indices.get_alias(name=index)
    found = client.indices.get(index=f"{index}-*", flat_settings=True).body
    noted = [name for name in found if NOTE_KEY in found[name]["mappings"]["_meta"]]
    told = findings(client, able, index)
    # Some documents have no multi-vectors; killed early, it has left the next template alone.
    known = ("have no multi_vector", "the index template")
    problems = [
        line for level, line in told if level == "problem" and not any(k in line for k in known)
    ]
    begins_anew = f"`es-jina convert-multi {index} --to rank_vectors` begins anew"
    if found[current]["settings"].get(BLOCK) == "true":
        assert noted
        assert [begins_anew in line for line in problems] == [True]
    else:
        assert problems == []
    if current in noted:
        assert "restored" in [level for level, _ in told]
        assert "restored" not in [level for level, _ in findings(client, able, index)]
    elif noted:
        everywhere = {each.about: each for each in examine_indices(client, able)}
        assert {everywhere[name].step for name in noted} == {begins_anew}


def test_a_document_written_after_a_killed_conversion(
    ranked: Elasticsearch, able: Capabilities, index: str, build: Build
) -> None:
    """Somebody lifts the block that it has left, as the doctor says, and goes on."""
    build(BINARY)

    def die() -> None:
        raise SystemExit

    conversion = interfering(ranked, able, index, die)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("es_jina.elastic.replacement.Replacement._abandon", lambda *_: None)
        with pytest.raises(SystemExit):
            conversion.run()
    ranked.indices.put_settings(index=index, settings={BLOCK: None})
    ranked.index(index=index, id="late", document={"title": "late"})
    ranked.delete(index=index, id="d1")
    done = Conversion(ranked, index, "rank_vectors", able).run()
    assert done is not None
    assert done.documents == 30
    assert content(ranked, index).keys() == (MULTIS.keys() | {"late"}) - {"d1"}
    assert set(ranked.indices.get(index=f"{index}-*")) == {f"{index}-000001", done.target}
