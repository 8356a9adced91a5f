"""The page is for everybody: by keyboard, on a phone, in the dark, and read aloud."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import barriers
from tests.browser.library import Library
from tests.browser.pages import DESKTOP, PHONE, Pages

NARROW = {**PHONE, "viewport": {"width": 320, "height": 568}}
WIDE = {"viewport": {"width": 2560, "height": 1300}}
BY_WIDTH = "document.documentElement.scrollWidth <= innerWidth"
DIALOG_BY_WIDTH = "document.querySelector('dialog[open]').scrollWidth <= innerWidth"


def test_keyboard_alone_is_enough(page: Page, library: Library) -> None:
    page.goto(library.at())
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("plate")
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_have_count(24)
    first = page.locator(".card .open").first
    for _ in range(12):
        page.keyboard.press("Tab")
        outlined = "getComputedStyle(document.activeElement).outlineStyle"
        if first.evaluate("link => link === document.activeElement"):
            break
        assert page.evaluate(outlined) != "none" or page.evaluate(
            "document.activeElement.matches('input')"  # what is beside it is outlined
        )
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="plate")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(first).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_shuts_anybody_out(pages: Pages, library: Library, scheme: str) -> None:
    page = pages.open(**DESKTOP, color_scheme=scheme)
    page.goto(library.at())
    expect(page.locator(".showcase img.there").first).to_be_visible()
    assert barriers(page) == []
    page.goto(library.at("?q=green+unicorn+frog+lime"))
    expect(page.locator(".card img.there").first).to_be_visible()
    assert barriers(page) == []
    page.get_by_role("button", name="Add your own").click()
    assert barriers(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Of frogs", exact=True).click()
    expect(page.locator(".token").first).to_be_visible()
    assert barriers(page) == []
    page.keyboard.press("Escape")
    page.locator("[data-kind=image] .open").first.click()
    expect(page.locator(".heat-canvas")).to_be_visible()
    assert barriers(page) == []


@pytest.mark.parametrize("screen", [NARROW, WIDE], ids=["narrow", "wide"])
def test_nothing_is_wider_than_the_screen(pages: Pages, library: Library, screen: Any) -> None:
    page = pages.open(**screen)
    page.goto(library.at())
    expect(page.locator(".showcase a").first).to_be_visible()
    assert page.evaluate(BY_WIDTH)
    page.goto(library.at("?q=plate&mode=text"))
    expect(page.locator(".card img.there").first).to_be_visible()
    assert page.evaluate(BY_WIDTH)
    page.locator(".card .open").first.click()
    expect(page.locator(".heat-canvas")).to_be_visible()
    assert page.evaluate(DIALOG_BY_WIDTH)
    page.get_by_role("button", name="Larger").click()
    assert page.evaluate(DIALOG_BY_WIDTH)
