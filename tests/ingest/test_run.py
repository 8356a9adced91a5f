import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import AuthorizationException, Elasticsearch

from es_jina.elastic.vectors import decode, encode, unpack
from es_jina.embedding import Embedding, cut
from es_jina.errors import ClusterError
from es_jina.ingest.files import Filters
from es_jina.ingest.records import RecordFields
from es_jina.ingest.units import Cutting
from es_jina.inputs import Image, Task, Text
from es_jina.pooling import pool
from es_jina.profile import IndexProfile
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider

from .engine import Counting, Runner, everything
from .files import pdf, picture


def test_every_unit_becomes_a_document(
    run: Runner, folder: Path, client: Elasticsearch, index: str, profile: IndexProfile
) -> None:
    report = run(folder)
    assert (report.sources, report.new, report.embedded, report.unchanged) == (3, 3, 4, 0)
    assert (report.failed, report.failures) == (0, [])
    found = everything(client, index)
    assert set(found) == {"The fox/1", "teal square/None", "The report/1", "The report/2"}
    page = found["The report/2"]
    assert page["kind"] == "page"
    assert (page["page"], page["pages"], page["text"]) == (2, 2, "second page")
    assert page["source"]["mime"] == "application/pdf"
    assert page["source"]["uri"] == (folder / "report.pdf").as_uri()
    assert len(page["source"]["sha256"]) == 64
    assert page["source"]["size"] == (folder / "report.pdf").stat().st_size
    assert page["profile"] == profile.fingerprint
    text = found["The fox/1"]
    assert text["kind"] == "text"
    assert text["span"] == {"start": 0, "end": len(text["text"])}
    assert found["teal square/None"]["kind"] == "image"


def test_the_stored_vectors_are_the_models(
    run: Runner, folder: Path, client: Elasticsearch, index: str, provider: LocalProvider
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
    multi = decode(unpack(hit["fields"]["multi_vector"][0], "bit", 128), "bit")
    np.testing.assert_array_equal(multi > 0, expected.multi > 0)


def test_multi_vectors_are_pooled_where_the_profile_says_so(
    run: Runner, folder: Path, client: Elasticsearch, index: str, profile: IndexProfile
) -> None:
    assert profile.multi_vector is not None
    halved = replace(profile, multi_vector=replace(profile.multi_vector, pool_factor=2))
    run(folder / "fox.md", profile=halved)
    answer = client.search(index=index, docvalue_fields=[{"field": "multi_vector"}])
    stored = unpack(answer["hits"]["hits"][0]["fields"]["multi_vector"][0], "bit", 128)
    (asked,) = run.counting.inputs
    (whole,) = run.counting.inner.embed([asked], profile.passage_task, Want.MULTI)
    assert isinstance(whole, Embedding)
    assert whole.multi is not None
    np.testing.assert_array_equal(stored, encode(pool(whole.multi, 2), "bit"))
    assert len(stored) < len(whole.multi)


def test_a_second_run_embeds_nothing_and_opens_nothing(
    run: Runner, folder: Path, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(folder)

    def read(*_: object) -> None:
        raise AssertionError("an unchanged file was read")

    monkeypatch.setattr("es_jina.ingest.content.read_file", read)
    report = run(folder)
    assert (report.embedded, report.unchanged, report.calls, report.failed) == (0, 4, 0, 0)
    assert counting.inputs == []


def test_the_units_of_a_run_are_counted(run: Runner, folder: Path) -> None:
    for unchanged in (0, 4):
        engine = run.engine(None)
        engine.run(run.targets(folder))
        counts = engine.progress
        assert (counts.cut, counts.units + counts.unchanged, counts.unchanged) == (4, 4, unchanged)
        assert counts.stage is None


def test_a_file_that_was_only_touched_is_not_embedded(
    run: Runner, folder: Path, counting: Counting
) -> None:
    run(folder)
    for path in folder.iterdir():
        path.touch()
    report = run(folder)
    assert (report.embedded, report.unchanged) == (0, 4)
    assert counting.inputs == []


def test_only_what_changed_is_embedded(
    run: Runner, folder: Path, client: Elasticsearch, index: str, counting: Counting
) -> None:
    run(folder)
    (folder / "fox.md").write_text("# The fox\n\nThe lazy dog....")  # as long as before
    report = run(folder)
    assert (report.embedded, report.unchanged, report.changed) == (1, 3, 1)
    assert counting.inputs == [Text("# The fox\n\nThe lazy dog....")]
    assert everything(client, index)["The fox/1"]["text"].endswith("lazy dog....")


def test_a_source_that_lost_pages_leaves_none_behind(
    run: Runner, folder: Path, client: Elasticsearch, index: str
) -> None:
    run(folder)
    pdf(folder / "report.pdf", "only page", title="The report")
    report = run(folder)
    assert (report.embedded, report.deleted) == (1, 1)
    found = everything(client, index)
    assert "The report/2" not in found
    assert found["The report/1"]["text"] == "only page"
    assert run(folder).unchanged == 3


def test_what_was_cut_otherwise_is_cut_again(
    run: Runner, folder: Path, client: Elasticsearch, index: str
) -> None:
    (folder / "fox.md").write_text("# The fox\n\n" + "The quick brown fox. " * 30)
    assert run(folder).embedded == 4
    report = run(folder, cutting=Cutting(chunk_tokens=32))
    # The text alone: pictures do not depend on it.
    assert (report.unchanged, report.changed) == (3, 1)
    chunks = [doc for doc in everything(client, index).values() if doc["kind"] == "text"]
    assert len(chunks) == report.embedded > 3
    report = run(folder)
    assert (report.embedded, report.deleted) == (1, len(chunks) - 1)


@pytest.mark.parametrize(
    ("mode", "kinds"), [("text", ["text"] * 2), ("both", ["page", "text"] * 2)]
)
def test_the_text_layer_of_pdfs(
    run: Runner, folder: Path, client: Elasticsearch, index: str, mode: Any, kinds: list[str]
) -> None:
    report = run(folder / "report.pdf", cutting=Cutting(pdf=mode))
    assert report.embedded == len(kinds)
    client.indices.refresh(index=index)
    hits = client.search(index=index, size=10)["hits"]["hits"]
    documents = [hit["_source"] for hit in hits]
    assert sorted(doc["kind"] for doc in documents) == sorted(kinds)
    texts = {doc["page"]: doc["text"] for doc in documents if doc["kind"] == "text"}
    assert texts == {1: "first page", 2: "second page"}
    assert run(folder / "report.pdf", cutting=Cutting(pdf=mode)).embedded == 0


def test_late_chunking_shows_the_model_the_whole_text(
    run: Runner, folder: Path, counting: Counting
) -> None:
    text = "# The fox\n\n" + "The quick brown fox jumps over the lazy dog. " * 20
    (folder / "fox.md").write_text(text)
    report = run(folder / "fox.md", cutting=Cutting(chunk_tokens=64, late=True))
    assert report.embedded == len(counting.spans) > 2
    assert counting.inputs == []
    assert {whole for whole, _ in counting.spans} == {text.rstrip()}
    assert run(folder / "fox.md", cutting=Cutting(chunk_tokens=64, late=True)).calls == 0


def test_multi_page_tiffs(run: Runner, tmp_path: Path, client: Elasticsearch, index: str) -> None:
    from PIL import Image as PilImage

    pages = [PilImage.new("RGB", (60, 40), colour) for colour in ("red", "green", "blue")]
    pages[0].save(tmp_path / "scan.tiff", save_all=True, append_images=pages[1:])
    assert run(tmp_path / "scan.tiff").embedded == 3
    found = everything(client, index)
    assert {(doc["kind"], doc["page"], doc["pages"]) for doc in found.values()} == {
        ("page", 1, 3),
        ("page", 2, 3),
        ("page", 3, 3),
    }


def test_records_with_text_image_and_fields(
    run: Runner, tmp_path: Path, client: Elasticsearch, index: str
) -> None:
    picture(tmp_path / "chair.png")
    rows = [
        {"sku": "a", "about": "A teal chair", "photo": "chair.png", "price": 20, "tags": ["x"]},
        {"sku": "b", "about": "A lamp", "price": 30},
    ]
    path = tmp_path / "products.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    fields = RecordFields("sku", "about", "photo", ("price", "tags"))
    assert run(path, setting={"fields": fields}).embedded == 3
    client.indices.refresh(index=index)
    cheap = client.search(index=index, query={"term": {"fields.price": "20"}})["hits"]["hits"]
    assert sorted(hit["_source"]["kind"] for hit in cheap) == ["image", "text"]
    assert {hit["_source"]["source"]["uri"] for hit in cheap} == {f"{path.as_uri()}#a"}
    assert cheap[0]["_source"]["fields"] == {"price": 20, "tags": ["x"]}
    report = run(path, setting={"fields": fields})
    assert (report.embedded, report.unchanged) == (0, 3)
    rows[1]["about"] = "A brighter lamp"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run(path, setting={"fields": fields}).embedded == 1


def test_files_of_records_without_fields_are_skipped(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ndjson").write_text('{"a": 1}\n')
    (tmp_path / "in" / "a.zip").write_bytes(b"PK\x03\x04\x00\xff")
    report = run(tmp_path / "in")
    assert (report.skipped, report.skipped_records, report.failed) == (1, 1, 0)


def test_filters(run: Runner, folder: Path) -> None:
    report = run(folder, setting={"filters": Filters(include=("*.md", "*.pdf"), exclude=("fox*",))})
    assert (report.sources, report.embedded) == (1, 2)


def test_another_profile_embeds_again(run: Runner, folder: Path, profile: IndexProfile) -> None:
    run(folder)
    smaller = replace(profile, max_pixels=3136)
    assert smaller.fingerprint != profile.fingerprint
    assert run(folder, profile=smaller).embedded == 4


def test_a_preview_says_what_would_happen_and_does_nothing(
    run: Runner, folder: Path, client: Elasticsearch, index: str, counting: Counting
) -> None:
    report = run.preview(folder)
    assert (report.new, report.embedded, report.unchanged) == (3, 4, 0)
    assert counting.inputs == []
    assert everything(client, index) == {}
    run(folder)
    pdf(folder / "report.pdf", "one", "two", "three")
    (folder / "new.txt").write_text("something new")
    report = run.preview(folder)
    assert (report.new, report.changed, report.embedded, report.unchanged) == (1, 1, 4, 2)
    assert report.deleted == 0
    pdf(folder / "report.pdf", "one")
    (folder / "new.txt").unlink()
    report = run.preview(folder)
    assert (report.changed, report.embedded, report.deleted) == (1, 1, 1)
    assert len(everything(client, index)) == 4
    assert run(folder).deleted == 1


def test_a_preview_needs_no_privilege_to_refresh(
    run: Runner, folder: Path, client: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(folder)

    def refused(*_: Any, **__: Any) -> Any:
        headers = HttpHeaders({"x-elastic-product": "Elasticsearch"})
        meta = ApiResponseMeta(403, "1.1", headers, 0.0, NodeConfig("http", "127.0.0.1", 1))
        raise AuthorizationException("refused", meta, {"error": {"reason": "unauthorized"}})

    monkeypatch.setattr(type(client.indices), "refresh", refused)
    report = run.preview(folder)
    assert (report.embedded, report.unchanged) == (0, 4)
    with pytest.raises(ClusterError, match="403: unauthorized"):
        run(folder)


def test_pictures_reach_the_model_as_pictures(
    run: Runner, folder: Path, counting: Counting
) -> None:
    run(folder)
    kinds = sorted(type(item).__name__ for item in counting.inputs)
    assert kinds == ["Image", "Image", "Image", "Text"]
    pages = [item for item in counting.inputs if isinstance(item, Image)]
    assert len(pages) == 3


def test_an_index_of_an_older_release_gets_the_new_fields(
    run: Runner, folder: Path, client: Elasticsearch, index: str
) -> None:
    client.indices.delete(index=f"{index}-000001")
    client.indices.create(
        index=f"{index}-000001",
        aliases={index: {}},
        mappings={"dynamic": False, "properties": {"text": {"type": "text"}}},
    )
    # The index template still matches; what counts is that no field of today's is missing.
    run(folder)
    assert run(folder).unchanged == 4


def test_the_threads_of_a_run_end_with_it(run: Runner, folder: Path) -> None:
    before = threading.active_count()
    run(folder)
    assert threading.active_count() <= before + 1
