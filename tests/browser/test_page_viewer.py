"""A result opened: its heat map, its words, the numbers, and the way to the others."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.library import ABOUT, NORTH, Library
from tests.server.web.colours import COLUMNS, ROWS

# How opaque the heat map is in the middle of each cell, 0 to 255.
DRAWN = """(canvas, [rows, columns]) => {
  const at = (row, column) => canvas.getContext("2d").getImageData(
    (column + 0.5) * canvas.width / columns, (row + 0.5) * canvas.height / rows, 1, 1).data[3];
  return Array.from({ length: rows * columns },
    (_, cell) => at(Math.floor(cell / columns), cell % columns));
}"""
RED, LIME = ((row, column) for row, column, _ in NORTH)


@pytest.fixture
def opened(page: Page, library: Library) -> Locator:
    """The first page of the PDF, opened for two words."""
    page.goto(library.at("?q=red+lime+unicorn&kind=page"))
    page.locator(".card", has_text="Page 1 of 2").locator(".open").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".heat-canvas")).to_be_visible()
    return dialog


def hot(dialog: Locator) -> set[tuple[int, int]]:
    """Return the cells that glow: row and column; the others must be nearly clear."""
    drawn = dialog.locator(".heat-canvas").evaluate(DRAWN, [ROWS, COLUMNS])
    assert all(opacity < 40 or opacity > 200 for opacity in drawn), drawn
    return {divmod(at, COLUMNS) for at, opacity in enumerate(drawn) if opacity > 200}


def test_heat_map_lies_over_the_page(opened: Locator) -> None:
    expect(opened.get_by_role("heading", name="Harvest")).to_be_focused()
    expect(opened.get_by_text("Page 1 of 2 · harvest.pdf")).to_be_visible()
    image = opened.locator(".sheet img.there")
    expect(image).to_have_js_property("naturalWidth", 1400)
    assert image.bounding_box() == opened.locator(".heat-canvas").bounding_box()
    assert hot(opened) == {RED, LIME}
    row = opened.get_by_role("row", name="Late interaction")
    expect(row).to_contain_text(re.compile(r"#1\s*0\.\d"))
    expect(opened.locator(".legend-ends")).to_contain_text("1.00")
    expect(opened.get_by_text(ABOUT)).to_be_visible()
    before = opened.locator(".heat-canvas").bounding_box()
    opened.get_by_role("button", name="Larger").click()
    after = opened.locator(".heat-canvas").bounding_box()
    assert before
    assert after
    assert after["width"] > before["width"] * 1.5


def test_words_are_shown_alone_or_together_and_more_or_less_strongly(opened: Locator) -> None:
    names = ("All words", "red 1.00", "lime 1.00", re.compile("unicorn"))
    every, red, lime, strange = (opened.get_by_role("button", name=name) for name in names)
    expect(every).to_have_attribute("aria-pressed", "true")
    red.click()
    expect(every).to_have_attribute("aria-pressed", "false")
    assert hot(opened) == {RED}
    lime.click()
    assert hot(opened) == {RED, LIME}
    red.click()
    assert hot(opened) == {LIME}
    every.click()
    expect(lime).to_have_attribute("aria-pressed", "false")
    assert hot(opened) == {RED, LIME}
    # What is nowhere on the page glows nowhere.
    strange.click()
    assert hot(opened) == set()
    expect(strange).to_have_attribute("title", "The model does not know this word")
    canvas = opened.locator(".heat-canvas")
    slider = opened.get_by_role("slider", name="Strength")
    slider.fill("20")
    expect(canvas).to_have_css("opacity", "0.2")
    slider.press("ArrowRight")
    expect(canvas).to_have_css("opacity", "0.25")
    expect(opened.locator("#position")).to_have_text(re.compile("of 2$"))


def test_numbers_of_a_cell(page: Page, opened: Locator) -> None:
    sheet, label = opened.locator(".sheet"), opened.locator(".probe b")
    box = sheet.bounding_box()
    assert box
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    expect(label).to_have_text(re.compile(r"^(red|lime) -?\d\.\d\d$"))
    expect(opened.locator(".numbers")).to_have_text(re.compile(r"red -?\d.\d\d\s+lime -?\d"))
    corner = opened.locator(".probe").bounding_box()
    page.mouse.move(0, 0)
    expect(label).to_be_hidden()
    # By keyboard it begins where the words match best.
    page.keyboard.press("Shift+Tab")
    expect(sheet).to_be_focused()
    expect(label).to_have_text("red 1.00")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(label).to_have_text("lime 1.00")
    for key in ("ArrowLeft", "ArrowUp"):
        for _ in range(4):
            page.keyboard.press(key)
    assert opened.locator(".probe").bounding_box() == corner
    expect(opened.locator("#position")).to_have_text(re.compile("of 2$"))


def test_arrows_lead_to_the_others_and_escape_out(page: Page, library: Library) -> None:
    page.goto(library.at("?q=plate&mode=text"))
    second, third = page.locator(".card .open").nth(1), page.locator(".card .open").nth(2)
    name = third.text_content() or ""
    second.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("#position")).to_have_text("2 of 24+")
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator("#spoken")).to_have_text(f"Result 3: {name}")
    address = page.url
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(third).to_be_focused()
    assert page.url.endswith("?q=plate&mode=text")
    page.goto(address)
    expect(dialog.get_by_role("heading", name=name)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.url.endswith("?q=plate&mode=text")


def test_last_result_leads_on_to_more(page: Page, library: Library) -> None:
    page.goto(library.at("?q=plate&mode=text"))
    page.locator(".card .open").nth(23).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("#position")).to_have_text("24 of 24+")
    dialog.get_by_role("button", name="Next result").click()
    expect(dialog.locator("#position")).to_have_text("25 of 48+")


def test_text_has_its_tokens_coloured(page: Page, library: Library) -> None:
    page.goto(library.at("?q=frog+green+newt&mode=text"))
    page.get_by_role("link", name="Of frogs", exact=True).click()
    dialog = page.get_by_role("dialog")
    text = dialog.locator(".text-page")
    expect(dialog.get_by_role("button", name="green")).to_be_visible()
    whole = re.compile(r"^# Of frogs\s+🐸 A green frog croaks. The frog sleeps.$")
    expect(text).to_have_text(whole)
    colours = "all => all.map(one => getComputedStyle(one).backgroundColor)"
    tokens = text.locator(".token")
    together = tokens.evaluate_all(colours)
    assert len(set(together)) > 2
    dialog.get_by_role("button", name="green").click()
    assert tokens.evaluate_all(colours) != together
    text.get_by_text("green", exact=True).hover()
    expect(dialog.locator(".numbers")).to_have_text("green 1.00")
    page.mouse.move(0, 0)
    text.focus()
    page.keyboard.press("ArrowRight")
    expect(tokens.nth(0)).to_have_class("token probed")


def test_a_link_opens_one_document_before_others_like_it(page: Page, library: Library) -> None:
    page.goto(library.at("?q=red+lime+unicorn&kind=page"))
    card = page.locator(".card[data-ref]", has_text="Page 1 of 2")
    ref = card.get_attribute("data-ref")
    page.goto(library.at(f"?open={ref}"))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Harvest")).to_be_visible()
    expect(dialog.locator("#position")).to_have_text("1 of 24+")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("#count")).to_have_text("The best 48 like that page")
    refs = page.locator(".card").evaluate_all("cards => cards.map((card) => card.dataset.ref)")
    assert (refs[0], len(refs), len({*refs})) == (ref, 48, 48)


def test_without_words_there_is_no_heat(page: Page, library: Library) -> None:
    page.goto(library.at("?q=plate&mode=text"))
    page.get_by_role("link", name="Like this one: plate 007").click()
    expect(page.locator("#count")).to_have_text("The best 24 like that page")
    page.locator(".card .open").first.click()
    told = "The heat map shows where words match: search by words to see it."
    expect(page.get_by_role("dialog").get_by_text(told)).to_be_visible()
    page.get_by_role("link", name="Only this source").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#count")).to_have_text("1 result like that page")
