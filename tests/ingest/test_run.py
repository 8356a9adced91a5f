import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.elastic.vectors import unpack
from es_jina.embedding import Embedding, cut
from es_jina.errors import ItemError
from es_jina.ingest.report import DeadLetters, Report
from es_jina.ingest.run import Ingest
from es_jina.inputs import Image, Input, Task, Text
from es_jina.profile import IndexProfile
from es_jina.providers import profile_for
from es_jina.providers.base import Provider, Want
from es_jina.providers.local import LocalProvider

from .files import pdf, picture, truncated

Run = Callable[..., Report]


class Counting:
    """A provider that remembers what it was asked."""

    def __init__(self, inner: LocalProvider) -> None:
        self.inner = inner
        self.inputs: list[Input] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def embed(
        self, inputs: Any, task: Task, want: Want, **options: Any
    ) -> list[Embedding | ItemError]:
        self.inputs += inputs
        return self.inner.embed(inputs, task, want, **options)


@pytest.fixture
def counting(provider: LocalProvider) -> Counting:
    return Counting(provider)


@pytest.fixture
def profile(provider: LocalProvider) -> IndexProfile:
    return profile_for(provider.model, dims=(128, 256))


@pytest.fixture
def run(
    client: Elasticsearch,
    capabilities: Capabilities,
    index: str,
    profile: IndexProfile,
    counting: Counting,
    tmp_path: Path,
) -> Run:
    """Ingest paths into the test's index, with the counting provider."""
    set_up(client, index, profile, capabilities)

    def ingest(*paths: Path, with_profile: IndexProfile = profile) -> Report:
        counting.inputs.clear()
        with DeadLetters(tmp_path / "dead.ndjson") as dead_letters:
            once = Ingest(client, index, with_profile, capabilities, dead_letters.add)
            provider: Provider = counting
            return once.run(once.plan(paths), provider, lambda done, total: None)

    return ingest


def everything(client: Elasticsearch, index: str) -> dict[str, dict[str, Any]]:
    """Return title/page/chunk -> document."""
    found = client.search(index=index, size=1000, query={"match_all": {}})
    documents = [hit["_source"] for hit in found["hits"]["hits"]]
    return {f"{doc['title']}/{doc.get('page') or doc.get('chunk')}": doc for doc in documents}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one document of each kind."""
    root = tmp_path / "in"
    root.mkdir()
    (root / "fox.md").write_text("# The fox\n\nThe quick brown fox.")
    picture(root / "teal-square.png")
    pdf(root / "report.pdf", "first page", "second page", title="The report")
    return root


def test_every_unit_becomes_a_document(
    run: Run, folder: Path, client: Elasticsearch, index: str, profile: IndexProfile
) -> None:
    report = run(folder)
    assert (report.sources, report.embedded, report.unchanged, report.failures) == (3, 4, 0, [])
    found = everything(client, index)
    assert set(found) == {"The fox/1", "teal square/None", "The report/1", "The report/2"}
    page = found["The report/2"]
    assert page["kind"] == "page"
    assert (page["page"], page["pages"], page["text"]) == (2, 2, "second page")
    assert page["source"]["mime"] == "application/pdf"
    assert page["source"]["uri"] == (folder / "report.pdf").as_uri()
    assert len(page["source"]["sha256"]) == 64
    assert page["profile"] == profile.fingerprint
    assert found["The fox/1"]["kind"] == "text"
    assert found["teal square/None"]["kind"] == "image"


def test_the_stored_vectors_are_the_models(
    run: Run, folder: Path, client: Elasticsearch, index: str, provider: LocalProvider
) -> None:
    run(folder / "fox.md")
    (expected,) = provider.embed(
        [Text("# The fox\n\nThe quick brown fox.")],
        Task.RETRIEVAL_PASSAGE,
        Want.SINGLE | Want.MULTI,
    )
    assert isinstance(expected, Embedding)
    assert expected.single is not None
    assert expected.multi is not None
    answer = client.search(
        index=index,
        source={"exclude_vectors": False, "includes": ["embedding_*"]},
        docvalue_fields=[{"field": "multi_vector"}],
    )
    (hit,) = answer["hits"]["hits"]
    for dims in (128, 256):
        stored = np.array(hit["_source"][f"embedding_{dims}"], dtype=np.float32)
        np.testing.assert_allclose(stored, cut(expected.single, dims), atol=1e-6)
    multi = unpack(hit["fields"]["multi_vector"][0], "bit", 128)
    np.testing.assert_array_equal(multi > 0, expected.multi > 0)


def test_a_second_run_embeds_nothing(run: Run, folder: Path, counting: Counting) -> None:
    run(folder)
    report = run(folder)
    assert (report.embedded, report.unchanged) == (0, 4)
    assert counting.inputs == []


def test_only_what_changed_is_embedded(
    run: Run, folder: Path, client: Elasticsearch, index: str, counting: Counting
) -> None:
    run(folder)
    (folder / "fox.md").write_text("# The fox\n\nThe lazy dog.")
    report = run(folder)
    assert (report.embedded, report.unchanged) == (1, 3)
    assert counting.inputs == [Text("# The fox\n\nThe lazy dog.")]
    assert everything(client, index)["The fox/1"]["text"].endswith("lazy dog.")


def test_a_source_that_lost_pages_leaves_none_behind(
    run: Run, folder: Path, client: Elasticsearch, index: str
) -> None:
    run(folder)
    pdf(folder / "report.pdf", "only page", title="The report")
    report = run(folder)
    assert (report.embedded, report.deleted) == (1, 1)
    found = everything(client, index)
    assert "The report/2" not in found
    assert found["The report/1"]["text"] == "only page"


def test_a_changed_source_that_fails_keeps_its_old_documents(
    run: Run, folder: Path, client: Elasticsearch, index: str
) -> None:
    run(folder)
    truncated(folder / "teal-square.png")
    report = run(folder)
    assert [failure.stage for failure in report.failures] == ["embed"]
    assert "teal square/None" in everything(client, index)


def test_another_profile_embeds_again(run: Run, folder: Path, profile: IndexProfile) -> None:
    run(folder)
    smaller = replace(profile, max_pixels=3136)
    assert smaller.fingerprint != profile.fingerprint
    assert run(folder, with_profile=smaller).embedded == 4


def test_what_is_broken_is_named_and_everything_else_is_in(
    run: Run, folder: Path, client: Elasticsearch, index: str, tmp_path: Path
) -> None:
    (folder / "empty.txt").touch()
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    pdf(folder / "locked.pdf", "secret", password="open sesame")
    truncated(folder / "half.png")
    (folder / "latin.txt").write_bytes("Grüße".encode("latin-1"))
    (folder / "archive.zip").write_bytes(b"PK\x03\x04")
    report = run(folder)
    assert report.skipped == 1
    assert report.embedded == 4
    assert len(everything(client, index)) == 4
    letters = [json.loads(line) for line in (tmp_path / "dead.ndjson").read_text().splitlines()]
    told = {Path(letter["source"]).name: (letter["stage"], letter["message"]) for letter in letters}
    assert told.keys() == {"empty.txt", "broken.pdf", "locked.pdf", "half.png", "latin.txt"}
    assert told["empty.txt"] == ("read", "the file is empty")
    assert told["locked.pdf"] == ("read", "the PDF is password-protected")
    assert "damaged" in told["broken.pdf"][1]
    assert "cannot be decoded" in told["half.png"][1]
    assert "UTF-8" in told["latin.txt"][1]


def test_a_run_without_failures_removes_the_old_dead_letters(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    (folder / "empty.txt").touch()
    run(folder)
    assert (tmp_path / "dead.ndjson").exists()
    (folder / "empty.txt").write_text("no longer empty")
    run(folder)
    assert not (tmp_path / "dead.ndjson").exists()


def test_units_of_a_page_that_fails(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, client: Elasticsearch, index: str
) -> None:
    from es_jina.ingest.pdf import Pdf

    render = Pdf.page

    def second_page_fails(self: Pdf, number: int, max_pixels: int) -> Any:
        if number == 1:
            raise ItemError("page 2 is damaged")
        return render(self, number, max_pixels)

    monkeypatch.setattr(Pdf, "page", second_page_fails)
    report = run(folder / "report.pdf")
    assert [(f.unit, f.stage) for f in report.failures] == [(2, "render")]
    assert set(everything(client, index)) == {"The report/1"}


def test_an_interrupted_run_goes_on_where_it_stopped(
    run: Run, folder: Path, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("es_jina.ingest.run.BATCH", 1)
    embed = counting.embed
    calls = 0

    def third_call_dies(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return embed(*args, **named)

    monkeypatch.setattr(counting, "embed", third_call_dies)
    with pytest.raises(KeyboardInterrupt):
        run(folder)
    monkeypatch.setattr(counting, "embed", embed)
    report = run(folder)
    assert (report.embedded, report.unchanged) == (2, 2)


def test_pictures_reach_the_model_as_pictures(run: Run, folder: Path, counting: Counting) -> None:
    run(folder)
    kinds = sorted(type(item).__name__ for item in counting.inputs)
    assert kinds == ["Image", "Image", "Image", "Text"]
    pages = [item for item in counting.inputs if isinstance(item, Image)]
    assert len(pages) == 3
