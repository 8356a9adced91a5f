"""The search page over the demo's sample, with the demo's weights: what is shown is true."""

import re
import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from elasticsearch import Elasticsearch
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from es_jina.demo.run import SAMPLE, demo_checkpoint
from es_jina.demo.synthetic import draw_page
from es_jina.demo.truth import Box, shown
from es_jina.demo.vocabulary import vocabulary
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.ingest.run import Ingest
from es_jina.ingest.targets import Setting, Targets
from es_jina.providers import open_tokenizer, profile_for
from es_jina.providers.local import LocalProvider
from tests.server.running import running

DOCUMENTS = (
    "city/getting-about-slides.pdf",
    "city/城市单车.png",
    "food/street-market-2025.pdf",
    "food/bread-and-cheese.md",
    "travel/海岛假期.pdf",
)
BICYCLE = shown()["city/getting-about-slides.pdf#2"]
# Where the heat map is hottest: shares of its width and height.
HOTTEST = """(canvas) => {
  const { width, height } = canvas;
  const drawn = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const heat = drawn.filter((_, at) => at % 4 === 3);
  const best = heat.indexOf(heat.reduce((most, each) => Math.max(most, each)));
  return [(best % width) / width, Math.floor(best / width) / height];
}"""


@pytest.fixture(scope="module")
def demo(client: Elasticsearch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server for some of the sample."""
    folder, index = tmp_path_factory.mktemp("demo"), f"test-{uuid.uuid4().hex[:10]}"
    with LocalProvider(str(demo_checkpoint())) as provider:
        profile, capabilities = profile_for(provider.model), Capabilities.detect(client)
        set_up(client, index, profile, capabilities)
        Ingest(
            client,
            index,
            profile,
            capabilities,
            open_provider=lambda: provider,
            open_tokenizer=lambda: open_tokenizer("local", provider.model.name),
        ).run(Targets([str(SAMPLE / each) for each in DOCUMENTS], Setting(client, folder)))
        try:
            uploads = folder / "uploads"
            with running(provider, client=client, indices=(index,), uploads=uploads) as server:
                yield server.url
        finally:
            client.indices.delete(index=f"{index}-000001")
            client.indices.delete_index_template(name=f"es-jina-{index}")


def search(page: Page, demo: str, words: str, mode: str = "late") -> None:
    page.goto(f"{demo}/?q={words}&mode={mode}")
    expect(page.locator(".card").first).to_be_visible()


@pytest.mark.parametrize("word", ["bicycle", "bike", "Fahrrad", "单车"])
def test_a_word_finds_pages_in_two_languages(page: Page, demo: str, word: str) -> None:
    search(page, demo, word)

    headings = page.locator(".card h3")
    expect(headings.first).to_be_visible()
    first = " ".join(headings.nth(place).inner_text() for place in range(3))
    assert "Getting about" in first
    assert "城市单车" in first


@pytest.mark.parametrize(
    ("query", "box"),
    [("Fahrrad", BICYCLE.words[0].box), ("bike", BICYCLE.words[0].box)],
)
def test_the_heat_lies_where_the_page_shows_it(page: Page, demo: str, query: str, box: Box) -> None:
    search(page, demo, query)
    page.locator(".card", has_text="Page 2 of 5", has=page.locator("img")).filter(
        has_text="Getting about"
    ).locator(".open").click()
    canvas = page.get_by_role("dialog").locator(".heat-canvas")
    expect(canvas).to_be_visible()

    x, y = canvas.evaluate(HOTTEST)

    left, top, right, bottom = box
    # A cell is a tenth of the page, and the heat of one is drawn round its middle.
    assert left - 0.06 <= x <= right + 0.06
    assert top - 0.06 <= y <= bottom + 0.06


def test_a_look_finds_the_chart(page: Page, demo: str) -> None:
    search(page, demo, "purple flow chart")

    expect(page.locator(".card").first).to_contain_text("Page 3 of 5")
    expect(page.locator(".card").first).to_contain_text("Getting about")


def test_a_word_that_it_does_not_know_is_said(page: Page, demo: str) -> None:
    search(page, demo, "unicorn on a bicycle")

    said = page.locator("#unknown")
    expect(said).to_contain_text("The demo model does not know ‘unicorn’.")
    said.get_by_role("link", name="Search by words alone").click()
    expect(page).to_have_url(re.compile("mode=text"))
    expect(said).to_be_hidden()


def test_a_page_of_your_own_is_read(page: Page, demo: str) -> None:
    castle = [each for each in vocabulary().topics if each.en == "castle"]
    drawn = Image.fromarray(draw_page(vocabulary(), Random(11), castle, None, (224, 336)).pixels)
    written = BytesIO()
    drawn.resize((896, 1344), Image.Resampling.BICUBIC).save(written, "PNG")
    page.goto(demo)
    page.get_by_role("button", name="Add").click()
    page.set_input_files(
        "#add-files", FilePayload(name="mine.png", mimeType="image/png", buffer=written.getvalue())
    )
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_contain_text("In the index")

    search(page, demo, "fortress")

    expect(page.locator(".card").first).to_contain_text("mine")


def test_a_picture_finds_pages_about_the_same(page: Page, demo: str) -> None:
    page.goto(demo)
    page.set_input_files("#picture-file", Path(SAMPLE / "city" / "城市单车.png"))

    expect(page.locator(".card").first).to_contain_text("城市单车")
    expect(page.locator(".card").nth(1)).to_contain_text("Getting about")
