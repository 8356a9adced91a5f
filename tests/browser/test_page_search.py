"""Searching: words, examples, modes, filters, links and the way back."""

import re

from elasticsearch import Elasticsearch
from playwright.sync_api import Page, expect

from tests.browser.library import ABOUT, EXAMPLES, PLATES, Library


def titles(page: Page) -> list[str]:
    """Return the titles of the results that are shown."""
    return page.locator(".card h3").all_text_contents()


def test_words_find_pages(page: Page, library: Library) -> None:
    page.goto(library.at("?kind=page"))
    expect(page.get_by_text(ABOUT).first).to_be_visible()
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("lime harvest")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="2 results for “lime harvest”")).to_be_visible()
    expect(page.locator("#spoken")).to_contain_text("“lime harvest”, in")
    for stage in ("embed", "BM25", "kNN", "late"):
        expect(page.locator("#timing")).to_contain_text(re.compile(rf"{stage} [\d.]+ m?s"))
    card = page.locator(".card").first
    expect(card.locator(".where")).to_contain_text("Page 1 of 2")
    expect(card.get_by_role("link", name="Harvest", exact=True)).to_be_visible()
    expect(card.locator(".stages")).to_contain_text(re.compile(r"BM25 #\d.*kNN #\d.*late \d\.\d"))
    expect(card.locator("img.there")).to_be_visible()
    facts = re.compile(rf"{library.index} · 2 pages, 10\d images, \d texts.*Model colours")
    expect(page.locator("#facts")).to_contain_text(facts)
    expect(page).to_have_title("lime harvest – es_jina")


def test_examples_and_pages_of_the_first_page(page: Page, library: Library) -> None:
    page.goto(library.at())
    page.locator(".showcase a").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert re.search(r"\?like=([\w-]+)&open=\1$", page.url)  # by no words, whose heat would mislead
    page.go_back()
    expect(page.get_by_role("button", name=EXAMPLES[0])).to_be_visible()
    page.get_by_role("button", name=EXAMPLES[1]).click()
    expect(page.locator("#count")).to_contain_text("green frog")
    expect(page.get_by_role("searchbox")).to_have_value(EXAMPLES[1])
    expect(page.locator(".card h3").first).to_have_text("Of frogs")


def test_text_is_a_card_with_its_words_marked(page: Page, library: Library) -> None:
    page.goto(library.at("?q=frog+croaks&mode=text"))
    card = page.locator(".card", has_text="Of frogs")
    expect(card.locator("mark")).to_have_text(["frog", "croaks", "frog"])
    expect(card.locator(".where")).to_contain_text("Passage 1")
    expect(card.locator(".stages")).to_have_text("BM25 #1")


def test_link_says_all(page: Page, library: Library) -> None:
    page.goto(library.at("?q=plate&mode=text&kind=image&shown=48"))
    expect(page.get_by_role("searchbox")).to_have_value("plate")
    expect(page.get_by_role("radio", name="text")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Images")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Pages")).not_to_be_checked()
    expect(page.locator(".card")).to_have_count(48)
    assert set(page.locator(".stages").all_text_contents()) == {f"BM25 #{n}" for n in range(1, 49)}


def test_mode_and_filters_keep_the_focus_and_lead_back(page: Page, library: Library) -> None:
    page.goto(library.at("?q=lime+harvest"))
    mode = page.get_by_role("radio", name="hybrid")
    expect(page.locator(".card")).to_have_count(24)
    mode.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("radio", name="text")).to_be_focused()
    expect(page.locator("#count")).to_have_text("2 results for “lime harvest”")
    page.get_by_role("checkbox", name="Texts").check(force=True)
    expect(page.get_by_text("Nothing was found.")).to_be_visible()
    page.go_back()
    expect(page.locator(".card")).to_have_count(2)
    page.go_back()
    expect(mode).to_be_checked()
    expect(page.locator(".card")).to_have_count(24)
    page.get_by_role("combobox", name="Source").select_option("harvest.pdf")
    expect(page.locator("#count")).to_have_text("2 results for “lime harvest”")
    assert set(titles(page)) == {"Harvest"}
    page.go_forward()  # there is nothing before what was chosen last
    expect(page.locator(".card")).to_have_count(2)


def with_vectors(client: Elasticsearch, library: Library) -> int:
    """How many documents there are now but the one without vectors: other tests add some."""
    return int(client.count(index=library.index)["count"]) - 1


def test_more_results_come_when_asked_for(
    page: Page, library: Library, client: Elasticsearch
) -> None:
    there = with_vectors(client, library)
    page.goto(library.at("?q=cyan"))
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".card")).to_have_count(48)
    expect(page.locator(".card .open").nth(24)).to_be_focused()
    assert page.url.endswith("?q=cyan&shown=48")
    page.reload()
    expect(page.locator(".card")).to_have_count(48)
    links = page.locator(".card .open").evaluate_all("all => all.map(link => link.href)")
    assert len(set(links)) == 48
    for shown in (72, 96, there):
        # By key: pictures that arrive may move the button from under the pointer.
        page.get_by_role("button", name="Show more").press("Enter")
        expect(page.locator(".card")).to_have_count(shown)
    expect(page.locator("#count")).to_have_text(f"{there} results for “cyan”")


def test_parts_of_a_search_lose_nothing_and_repeat_nothing(
    page: Page, library: Library, client: Elasticsearch
) -> None:
    there = dict.fromkeys(("dense", "late", "hybrid"), with_vectors(client, library))
    there["text"] = PLATES
    for mode, count in there.items():
        refs = []
        for first in range(0, count, 24):
            asked = {"query": "plate", "mode": mode, "explain": True, "size": 24, "from": first}
            hits = page.request.post(library.at("v1/search"), data=asked).json()["hits"]
            assert [hit["rank"] for hit in hits] == [*range(first + 1, first + 1 + len(hits))]
            refs += [hit["ref"] for hit in hits]
        assert len({*refs}) == len(refs) == count


def test_like_this_one(page: Page, library: Library) -> None:
    page.goto(library.at("?q=plate&mode=text"))
    page.get_by_role("link", name="Like this one: plate 007").click()
    expect(page.locator("#count")).to_have_text("The best 24 like that page")
    assert "plate 007" not in titles(page)
    expect(page.get_by_role("radio", name="text")).to_be_disabled()
    page.get_by_role("button", name="Remove: Like one of the pages").click()
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.locator(".card")).to_have_count(0)


def test_words_that_a_toy_does_not_know_are_said(page: Page, library: Library) -> None:
    page.goto(library.at("?q=green+unicorn+frog+dragon"))
    told = "The demo model does not know ‘unicorn’ and ‘dragon’."
    expect(page.locator("#unknown")).to_contain_text(told)
    expect(page.locator("#spoken")).to_contain_text(told)
