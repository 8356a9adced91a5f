"""Every shell and Python block of the documents, typed in order as a reader would."""

import re
from collections import Counter
from pathlib import Path

import pytest

from es_jina.elastic.running import stop_node

from .blocks import DOCUMENTS, READ, REASONS, ROOT, RUN, Block, blocks_of, runnable
from .desk import Desk

# It starts an Elasticsearch of its own, and stops it.
OWN_NODE = ROOT / "docs/quick-start.md"
BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
# How many blocks are excused, by the reason; a new one is to be argued here.
EXCUSED = {
    "installs es_jina itself": 6,
    "takes minutes": 2,
    "needs another cluster": 3,
    "needs Docker": 6,
    "needs Kibana": 1,
    "needs Kubernetes": 1,
}


def documents(*, without: Path) -> list[Path]:
    return [each for each in DOCUMENTS if runnable(each) and each != without]


@pytest.mark.parametrize(
    "document", documents(without=OWN_NODE), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_document_does_what_it_says(document: Path, desk: Desk) -> None:
    blocks = runnable(document)
    code = "".join(block.code for block in blocks)
    # What a document does not set up itself its reader has.
    for index in ("docs", "shop"):
        if re.search(rf"\b{index}\b", code) and not re.search(rf"es-jina setup {index}\b", code):
            desk.type(f"es-jina setup {index} --model jinaai/jina-embeddings-v4")
            desk.type(f"es-jina ingest {index} ~/Documents")
    for block in blocks:
        desk.run(block)


# It needs no shared node, but the process that the other documents' commands are forks of.
@pytest.mark.xdist_group("node-of-library")
def test_the_quick_start_from_nothing(bare_desk: Desk) -> None:
    try:
        for block in runnable(OWN_NODE):
            bare_desk.run(block)
    finally:
        for folder in Path(bare_desk.environment["ES_JINA_DATA"]).glob("node-*"):
            stop_node(folder)


@pytest.mark.xdist_group("node-of-library")
@pytest.mark.parametrize(
    ("language", "code", "said"),
    [
        ("sh", "echo fine\nes-jina embed x --no-such-option\n", "line 8: exit code 2"),
        ("sh", "es-jina frobnicate | cat\n", "No such command 'frobnicate'"),
        ("python", "a = 1\nfrom es_jina import Frobnicator\n", 'a.md", line 8'),
    ],
)
def test_what_is_wrong_in_a_block_is_found(
    bare_desk: Desk, language: str, code: str, said: str
) -> None:
    with pytest.raises(AssertionError, match=r"a\.md:7:") as failed:
        bare_desk.run(Block("a.md", 7, language, code, None))
    assert said in str(failed.value)


def test_every_block_says_what_it_is() -> None:
    for block in BLOCKS:
        assert block.language in (*RUN, *READ), f"{block.place}: no language {block.language!r}"
        assert block.not_run is None or block.language in RUN, f"{block.place}: it is never run"


def test_blocks_that_cannot_run_here_are_few_and_say_why() -> None:
    for block in BLOCKS:
        assert block.not_run in (None, *REASONS), f"{block.place}: not run: {block.not_run}"
    assert Counter(block.not_run for block in BLOCKS if block.not_run) == EXCUSED


def test_no_command_hides_in_a_block_that_is_read() -> None:
    for block in BLOCKS:
        if block.language not in RUN:
            assert not re.search(r"^(es-jina|curl|pip|make) ", block.code, re.M), block.place
