"""What may go wrong: refusals, a lost network, a slow one, a key, wicked documents."""

import re

from playwright.sync_api import Page, Route, expect

from tests.browser.complaints import Complaints
from tests.browser.library import HOSTILE, Library
from tests.browser.network import throttled

SEARCH = "**/v1/search"
# As the way forward does, without loading the page anew.
GO = "to => { history.pushState({}, '', to); dispatchEvent(new PopStateEvent('popstate')); }"


def refusing(page: Page, address: str, status: int, detail: str, **headers: str) -> None:
    """Let the server refuse."""
    page.route(
        address,
        lambda route: route.fulfill(status=status, json={"detail": detail}, headers=headers),
    )


def test_refusals_are_told_in_a_line_and_asked_again(
    page: Page, complaints: Complaints, library: Library
) -> None:
    for status in (429, 503):
        complaints.expect(f"status of {status}")
    refusing(page, SEARCH, 429, "too many wait", **{"Retry-After": "3"})
    page.goto(library.at("?q=frog"))
    trouble = page.locator("#trouble")
    expect(trouble.get_by_text("Too many wait. It is tried again by itself.")).to_be_visible()
    expect(trouble.get_by_role("button")).to_have_count(0)
    page.unroute(SEARCH)
    refusing(page, SEARCH, 503, "Elasticsearch cannot be reached")
    expect(trouble.get_by_text("Elasticsearch cannot be reached.")).to_be_visible()
    trouble.get_by_role("button", name="Try again").click()
    page.unroute(SEARCH)
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator(".card")).to_have_count(24)
    expect(trouble).to_be_hidden()


def test_addresses_that_say_what_cannot_be(
    page: Page, complaints: Complaints, library: Library
) -> None:
    page.goto(library.at("?q=frog+croaks&mode=bogus&kind=bogus&index=bogus"))
    expect(page.get_by_role("radio", name="hybrid")).to_be_checked()
    expect(page.locator(".card")).to_have_count(24)
    trouble = page.locator("#trouble")
    page.evaluate(GO, "?picture=file:///etc/passwd")
    expect(trouble).to_have_text("Pictures are read from addresses with http or https alone.")
    page.evaluate(GO, "?q=" + "frog+" * 2001)
    expect(trouble).to_have_text("That is too long to be looked for: at most 10,000 letters.")
    page.evaluate(GO, "?q=" + "frog+" * 2000)
    expect(page.locator("#count")).to_have_text(re.compile(r"^The best 24 for “(frog ?){16}…”$"))
    page.set_input_files("#picture-file", {"name": "a.png", "mimeType": "image/png", "buffer": b""})
    expect(page.locator("#picture-problem")).to_have_text("“a.png” is empty.")


def test_lost_network(page: Page, complaints: Complaints, library: Library) -> None:
    complaints.expect("ERR_INTERNET_DISCONNECTED")
    page.goto(library.at("?q=plate&mode=text"))
    expect(page.locator(".card")).to_have_count(24)
    page.context.set_offline(True)
    page.get_by_role("button", name="Show more").click()
    trouble = page.locator("#after-trouble")
    expect(trouble).to_contain_text("The server cannot be reached.")
    expect(page.locator(".card")).to_have_count(24)
    page.context.set_offline(False)
    trouble.get_by_role("button", name="Try again").click()
    expect(page.locator(".card")).to_have_count(48)
    expect(trouble).to_be_hidden()


def test_hundred_results_over_a_slow_network(page: Page, library: Library) -> None:
    page.goto(library.at())
    expect(page.locator("#facts")).to_contain_text(library.index)
    with throttled(page):
        page.evaluate(GO, "?q=plate&mode=text&shown=100")
        expect(page.locator(".skeleton").first).to_be_visible()
        expect(page.locator(".card:not(.skeleton)")).to_have_count(100)
        # What is not in view is not fetched, and the next search does not wait for what is.
        box = page.get_by_role("searchbox")
        box.fill("frog croaks")
        box.press("Enter")
        expect(page.locator("#count")).to_have_text("1 result for “frog croaks”")
    fetched = "performance.getEntriesByType('resource').map(one => one.name)"
    thumbnails = [name for name in page.evaluate(fetched) if "/thumbnails/" in name]
    assert len(thumbnails) < 60


def test_stale_answer_is_not_shown(page: Page, library: Library) -> None:
    page.goto(library.at())
    page.route(SEARCH, lambda _: None)  # no answer comes
    box = page.get_by_role("searchbox")
    box.fill("plate")
    box.press("Enter")
    expect(page.locator(".skeleton").first).to_be_visible()
    page.unroute(SEARCH)
    box.fill("frog croaks")
    box.press("Enter")
    expect(page.locator("#count")).to_contain_text("frog croaks")
    assert page.locator("#trouble").is_hidden()


def test_key_is_asked_for_and_kept_in_this_tab(
    page: Page, complaints: Complaints, library: Library
) -> None:
    complaints.expect("status of 401")

    def guard(route: Route) -> None:
        if route.request.headers.get("authorization") == "Bearer sesame":
            route.fallback()
        else:
            route.fulfill(status=401, json={"detail": "the API key is none of this server's"})

    page.route(re.compile(r"/(v1|thumbnails|pictures)/"), guard)
    page.goto(library.at("?q=plate&mode=text"))
    dialog = page.get_by_role("dialog", name="This server asks for an API key")
    field = dialog.get_by_role("textbox")
    expect(field).to_be_focused()
    field.fill("guess")
    field.press("Enter")
    expect(dialog).to_contain_text("The API key is none of this server's.")
    field.fill("sesame")
    field.press("Enter")
    expect(page.locator(".card img.there").first).to_be_visible()
    page.reload()
    expect(page.locator(".card img.there").first).to_be_visible()
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#trouble")).to_contain_text("This server answers only with an API key.")


def test_wicked_documents_do_no_harm(page: Page, complaints: Complaints, library: Library) -> None:
    page.goto(library.at("?q=wicked&mode=text&open=hostile"))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name=HOSTILE)).to_be_visible()
    expect(page.locator(".card h3")).to_have_text([HOSTILE])
    expect(page.locator(".card mark")).to_have_text(["wicked"])
    assert page.evaluate("window.harmed") is None
    assert page.locator("img[src=x], a[href^='javascript:' i]").count() == 0
    complaints.expect("status of 404")
    page.goto(library.at(f"?q={HOSTILE}&picture=javascript:alert(1)&like=%22%3E{HOSTILE}"))
    expect(page.locator("#trouble")).to_be_visible()
    assert page.evaluate("window.harmed") is None


def test_picture_that_is_gone(page: Page, complaints: Complaints, library: Library) -> None:
    complaints.expect("status of 404")
    for kind in ("thumbnails", "pictures"):
        refusing(page, f"**/{kind}/**", 404, "the file of this page is gone")
    page.goto(library.at("?q=plate&mode=text"))
    expect(page.locator(".card img.gone").first).to_be_visible()
    page.locator(".card .open").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("The file of this page is gone.")
