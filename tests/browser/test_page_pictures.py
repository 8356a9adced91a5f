"""Pictures in: to search by, and to add."""

import base64
import io

from playwright.sync_api import FilePayload, Page, expect

from tests.browser.complaints import Complaints
from tests.browser.library import Library
from tests.server.web.colours import painted

# Drops or pastes a file: somebody's file manager cannot be driven.
TRANSFER = """([event, type, name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  const told = { bubbles: true, cancelable: true };
  if (event === "paste") {
    document.body.dispatchEvent(new ClipboardEvent("paste", { ...told, clipboardData: transfer }));
    return;
  }
  document.body.dispatchEvent(new DragEvent("dragover", { ...told, dataTransfer: transfer }));
  const place = event === "add" ? "drop-add" : "drop-search";
  document.getElementById(place).dispatchEvent(
    new DragEvent("drop", { ...told, dataTransfer: transfer }));
}"""


def png(**cells: str) -> bytes:
    """Return a picture with cells in colours."""
    file = io.BytesIO()
    painted((80, 60), **cells).save(file, "PNG")
    return file.getvalue()


def transfer(page: Page, event: str, name: str, content: bytes, kind: str = "image/png") -> None:
    """Drop or paste a file."""
    page.evaluate(TRANSFER, [event, kind, name, base64.b64encode(content).decode()])


def files(*named: tuple[str, bytes]) -> list[FilePayload]:
    """Return files as a chooser gives them."""
    kinds = {"png": "image/png", "md": "text/markdown"}
    return [
        {"name": name, "mimeType": kinds[name.rpartition(".")[2]], "buffer": content}
        for name, content in named
    ]


def test_dropped_picture_is_searched_by(page: Page, library: Library) -> None:
    page.goto(library.at("?q=frog&mode=text"))
    expect(page.locator(".card")).to_have_count(1)
    transfer(page, "search", "my plate.png", png(r0c1="red", r2c3="lime"))
    expect(page.locator("#count")).to_have_text("The best 24 for that picture")
    expect(page.locator("#asked-picture")).to_contain_text("my plate.png")
    expect(page.locator("#asked-picture img")).to_have_js_property("naturalWidth", 80)
    expect(page.locator(".card .where b").first).to_have_text("1.000")
    expect(page.get_by_role("searchbox")).to_have_value("")
    address = page.url
    page.go_back()
    expect(page.locator(".card")).to_have_count(1)
    page.go_forward()
    expect(page.locator("#count")).to_have_text("The best 24 for that picture")
    # It was never sent anywhere but to the search: another page does not have it.
    page.goto(library.at())
    page.goto(address)
    expect(page.get_by_role("alert").first).to_contain_text("drop it here again")


def test_pasted_and_chosen_pictures_are_searched_by(page: Page, library: Library) -> None:
    page.goto(library.at())
    expect(page.locator("#facts")).to_contain_text(library.index)
    transfer(page, "paste", "image.png", png(r1c1="red"))
    expect(page.locator("#count")).to_have_text("The best 24 for that picture")
    page.get_by_role("button", name="Search by a picture").click()
    page.set_input_files("#picture-file", files(("photo.png", png(r1c1="blue"))))
    expect(page.locator("#asked-picture")).to_contain_text("photo.png")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_what_is_no_picture_is_said(page: Page, complaints: Complaints, library: Library) -> None:
    complaints.expect("status of 400")
    page.goto(library.at())
    expect(page.locator("#facts")).to_contain_text(library.index)
    transfer(page, "search", "notes.txt", b"words", "text/plain")
    expect(page.get_by_role("dialog")).to_contain_text("“notes.txt” is no picture.")
    page.keyboard.press("Escape")
    transfer(page, "search", "broken.png", png()[:40])
    expect(page.locator("#trouble")).to_contain_text("Not a picture")
    assert page.url != library.at()


def test_added_files_are_found_at_once(page: Page, library: Library) -> None:
    page.goto(library.at("?q=newt&mode=text"))
    expect(page.get_by_text("Nothing was found.")).to_be_visible()
    page.get_by_role("button", name="Add your own").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"go into the index {library.index}")
    newt, empty = ("newts.md", b"# Of newts\n\nA newt swims."), ("empty.png", b"nothing")
    page.set_input_files("#add-files", files(newt, empty))
    rows = dialog.get_by_role("listitem")
    expect(rows.filter(has_text="newts.md")).to_contain_text("In the index")
    expect(rows.filter(has_text="empty.png")).to_have_class("failed")
    page.keyboard.press("Escape")
    expect(page.locator(".card h3")).to_have_text(["Of newts"])
    expect(page.locator("#facts")).to_contain_text("3 texts")


def test_dropped_file_is_added(page: Page, library: Library) -> None:
    page.goto(library.at())
    expect(page.get_by_role("button", name="Add your own")).to_be_visible()
    transfer(page, "add", "violet.png", png(r1c1="magenta", r2c2="magenta"))
    page.get_by_role("button", name="Show violet.png").click()
    expect(page.locator("#count")).to_have_text("1 result for “violet.png”")
    expect(page.locator(".card h3").first).to_have_text("violet")
    expect(page.locator(".card img.there").first).to_be_visible()
