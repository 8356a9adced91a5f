"""Heat maps, with vectors made by hand: what is hot must be where the colour is."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from elasticsearch import Elasticsearch

from es_jina.embedding import Embedding, PatchGrid, TokenSpans
from es_jina.inputs import Image, Task, Text
from es_jina.profile import MultiVectorProfile
from es_jina.providers.base import Want
from es_jina.providers.toy import Toy
from tests.server.running import Running, running
from tests.server.web.colours import COLUMNS, INFO, ROWS, Colours
from tests.server.web.painted_index import (
    TEXT,
    painted_folder,
    painted_index,
    painted_picture,
    ref_of,
)


def explain(server: Running, ref: str, query: str, **more: Any) -> Any:
    answer = server.post("/v1/explain", {"ref": ref, "query": query, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(server: Running, status: int, **body: Any) -> str:
    answer = server.post("/v1/explain", body)
    assert answer.status_code == status, answer.text
    detail: str = answer.json()["detail"]
    assert "\n" not in detail
    return detail


def hot(grid: Any, least: float) -> set[tuple[int, int]]:
    """Return the cells, row and column, that are alike."""
    values = np.array(grid)
    assert values.shape == (ROWS, COLUMNS)
    assert np.sort(values.ravel())[-2:].min() <= least or values.min() > least
    return {(int(row), int(column)) for row, column in np.argwhere(values > least)}


def check_picture(told: Any, of: str, least: float) -> None:
    assert (told["kind"], told["of"]) == ("image", of)
    assert (told["width"], told["height"]) == (COLUMNS, ROWS)
    assert told["pixels"] == [400, 320]
    assert told["perfect"] == (0.8 if least < 0.8 else 1.0)  # of bits, or of numbers
    assert [each["word"] for each in told["words"]] == ["red", "blue", "bicycle"]
    assert told["words"][1] == {"word": "blue", "start": 10, "end": 14, "known": True}
    red, blue, bicycle = told["grids"]
    assert hot(red, least) == {(1, 2)}
    assert hot(blue, least) == {(3, 4)}
    assert hot(bicycle, least) == set()


QUERY = "a red and blue bicycle"


def test_a_picture_is_hot_where_the_colour_is(
    gallery: Running, client: Elasticsearch, painted: str
) -> None:
    gallery.provider.asked.clear()
    check_picture(explain(gallery, ref_of(client, painted, "picture.png"), QUERY), "stored", 0.7)
    # Again, the query is known, and the picture was never looked at.
    explain(gallery, ref_of(client, painted, "photo.jpg"), QUERY, index=painted)
    assert gallery.provider.asked == [Text(QUERY)]


def test_pages(gallery: Running, client: Elasticsearch, painted: str) -> None:
    told = explain(gallery, ref_of(client, painted, "paper.pdf", 1), "red lime")
    assert (told["kind"], told["of"], told["pixels"]) == ("page", "stored", [1400, 1120])
    assert [hot(grid, 0.7) for grid in told["grids"]] == [{(0, 1)}, {(2, 3)}]
    told = explain(gallery, ref_of(client, painted, "paper.pdf", 2), "red blue")
    assert [hot(grid, 0.7) for grid in told["grids"]] == [set(), {(3, 0)}]
    told = explain(gallery, ref_of(client, painted, "scan.tiff", 2), "black")
    assert len(hot(told["grids"][0], 0.7)) == ROWS * COLUMNS


def test_tokens_of_a_text(gallery: Running, client: Elasticsearch, painted: str) -> None:
    told = explain(gallery, ref_of(client, painted, "note.md"), "blue red")
    assert (told["kind"], told["text"], told["of"]) == ("text", TEXT, "stored")
    assert [each["word"] for each in told["words"]] == ["blue", "red"]
    found = {told["text"][each["start"] : each["end"]]: each["scores"] for each in told["tokens"]}
    assert list(found) == ["A", "red", "bicycle", "by", "the", "blue", "sea", "."]
    assert [word for word, scores in found.items() if scores[0] > 0.7] == ["blue"]
    assert [word for word, scores in found.items() if scores[1] > 0.7] == ["red"]


def test_without_a_grid_it_is_looked_at_anew(
    gallery: Running, client: Elasticsearch, painted: str
) -> None:
    ref = ref_of(client, painted, "picture.png")
    document = client.get(index=painted, id=ref)["_source"]
    vectors = client.search(
        index=painted,
        query={"ids": {"values": [ref]}},
        docvalue_fields=[{"field": "multi_vector"}],
    )["hits"]["hits"][0]["fields"]["multi_vector"][0]
    for number, grid in enumerate((None, {"first": 3, "height": 40, "width": 5}, "odd")):
        other = {**document, "grid": grid, "multi_vector": vectors}
        client.index(index=painted, id=f"other {number}", document=other, refresh=True)
        gallery.provider.asked.clear()
        check_picture(explain(gallery, f"other {number}", QUERY), "computed", 0.9)
        assert [isinstance(each, Image) for each in gallery.provider.asked][-1]
        client.delete(index=painted, id=f"other {number}", refresh=True)


def test_what_is_stored_is_what_a_pass_gives(
    web: Running, client: Elasticsearch, searched: str
) -> None:
    """With a model that has attention, prompts and templates of its own."""
    ref, query = ref_of(client, searched, "teal.png"), "the quick brown fox"
    document = client.get(index=searched, id=ref)["_source"]
    del document["grid"]
    client.index(index=searched, id="copy", document=document, refresh=True)
    told, anew = explain(web, ref, query), explain(web, "copy", query)
    client.delete(index=searched, id="copy", refresh=True)
    assert (told["of"], anew["of"]) == ("stored", "computed")
    assert [each["word"] for each in told["words"]] == ["quick", "brown", "fox"]
    asked = pass_over(web, Text(query), Task.RETRIEVAL_QUERY)
    seen = pass_over(web, Image(Path(unquote(document["source"]["uri"][7:]))))
    assert isinstance(seen.layout, PatchGrid)
    assert isinstance(asked.layout, TokenSpans)
    first, height, width = seen.layout.first, seen.layout.height, seen.layout.width
    assert (told["height"], told["width"]) == (height, width)
    assert asked.multi is not None
    assert seen.multi is not None
    for word, grid in zip(told["words"], told["grids"], strict=True):
        start, end = asked.layout.characters.T
        tokens = asked.multi[(start < word["end"]) & (end > word["start"])]
        cosines = (tokens @ seen.multi[first : first + height * width].T).max(axis=0)
        np.testing.assert_allclose(np.ravel(grid), cosines, atol=1e-4)
    np.testing.assert_allclose(anew["grids"], told["grids"], atol=2e-4)


def pass_over(server: Running, content: Any, task: Task = Task.RETRIEVAL_PASSAGE) -> Embedding:
    (found,) = server.provider.embed([content], task, Want.MULTI)
    assert isinstance(found, Embedding)
    return found


def test_pooled_vectors_are_computed_anew(client: Elasticsearch, tmp_path: Path) -> None:
    pooled = MultiVectorProfile("binary", "byte", pool_factor=3)
    painted_folder(tmp_path)
    with (
        painted_index(client, tmp_path, pooled) as index,
        running(Colours(), client=client, indices=(index,)) as server,
    ):
        ref = ref_of(client, index, "picture.png")
        assert "grid" not in client.get(index=index, id=ref)["_source"]
        check_picture(explain(server, ref, QUERY), "computed", 0.9)
        told = explain(server, ref_of(client, index, "paper.pdf", 1), "lime")
        assert (hot(told["grids"][0], 0.9), told["of"]) == ({(2, 3)}, "computed")
        told = explain(server, ref_of(client, index, "scan.tiff", 1), "magenta")
        assert len(hot(told["grids"][0], 0.9)) == ROWS * COLUMNS
        told = explain(server, ref_of(client, index, "note.md"), "red")
        assert (told["of"], max(each["scores"][0] for each in told["tokens"])) == ("computed", 1)
        (tmp_path / "gone.png").unlink()
        detail = refused(server, 404, ref=ref_of(client, index, "gone.png"), query="red")
    assert detail == (
        "this cannot be explained: the multi-vectors of the index are pooled, so it would have to "
        "be seen anew; there is no picture of this: its file cannot be shown: cannot be read: "
        "there is no such file (any more)"
    )


def test_vectors_inside_elasticsearch(ranked: Elasticsearch, tmp_path: Path) -> None:
    inside = MultiVectorProfile("rank_vectors", "bfloat16")
    painted_picture(tmp_path / "picture.png")
    with (
        painted_index(ranked, tmp_path, inside) as index,
        running(Colours(), client=ranked, indices=(index,)) as server,
    ):
        check_picture(explain(server, ref_of(ranked, index, "picture.png"), QUERY), "stored", 0.9)


def test_what_cannot_be_explained_says_why(
    client: Elasticsearch, gallery: Running, painted: str
) -> None:
    client.index(index=painted, id="empty", document={"kind": ["page"]}, refresh=True)
    told = refused(gallery, 400, ref="empty", query="red")
    assert told == "this has neither a picture nor a text to explain"
    assert "no document 'unknown'" in refused(gallery, 404, ref="unknown", query="red")
    assert "not served here" in refused(gallery, 404, ref="a", query="red", index="other")
    for body in ({"ref": "a"}, {"ref": "", "query": "a"}, {"ref": "a", "query": " "}):
        refused(gallery, 422, **body)
    refused(gallery, 422, ref="a", query="x" * 10_001)
    client.delete(index=painted, id="empty", refresh=True)


def test_a_picture_that_is_gone_is_still_explained(
    gallery: Running, client: Elasticsearch, painted: str
) -> None:
    told = explain(gallery, ref_of(client, painted, "gone.png"), "red")
    assert (told["pixels"], told["of"]) == (None, "stored")
    assert hot(told["grids"][0], 0.7) == {(1, 2)}


def test_a_model_elsewhere_explains_nothing(client: Elasticsearch, painted: str) -> None:
    with running(Colours(tells=False), client=client, indices=(painted,)) as server:
        told = refused(server, 400, ref=ref_of(client, painted, "picture.png"), query="red")
    assert told == (
        "colours runs behind a service that does not tell what each vector stands for: to have "
        "hits explained, serve the model on this machine"
    )


def test_a_toy_says_which_words_it_knows(client: Elasticsearch, painted: str) -> None:
    info = replace(INFO, toy=Toy("It knows two colours.", frozenset({"red", "blue", "太阳"})))
    with running(Colours(info), client=client, indices=(painted,)) as server:
        told = explain(
            server, ref_of(client, painted, "picture.png"), "the red unicorn, Blue-grey 太阳猫"
        )
    known = {each["word"]: each["known"] for each in told["words"]}
    assert known == {
        "red": True,
        "unicorn": False,
        "Blue-grey": False,
        # In these tokens.
        "太阳猫": False,
    }


def test_halves_of_characters_are_no_harm(
    client: Elasticsearch, gallery: Running, painted: str
) -> None:
    half = '{"kind": "text", "text": "a \\ud800 red", "source": {"uri": "file:///\\ud800"}}'
    client.perform_request(
        "PUT",
        f"/{painted}/_doc/half?refresh=true",
        headers={"content-type": "application/json", "accept": "application/json"},
        body=half,
    )
    told = explain(gallery, "half", "red")
    assert told["text"] == "a ? red"
    assert told["tokens"][-1]["scores"] == [1.0]
    client.delete(index=painted, id="half", refresh=True)


def test_of_a_long_query_the_first_words_are_explained(
    gallery: Running, client: Elasticsearch, painted: str
) -> None:
    told = explain(gallery, ref_of(client, painted, "picture.png"), "red " * 2500)
    assert len(told["words"]) == len(told["grids"]) == 100


def test_a_query_without_words(gallery: Running, client: Elasticsearch, painted: str) -> None:
    told = explain(gallery, ref_of(client, painted, "picture.png"), "...")
    assert (told["words"], told["grids"]) == ([], [])
    told = explain(gallery, ref_of(client, painted, "note.md"), "?")
    assert told["tokens"][0]["scores"] == []
