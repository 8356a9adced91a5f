"""Small real files for the tests, good ones and broken ones."""

import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas


def pdf(path: Path, *pages: str, title: str | None = None, password: str | None = None) -> Path:
    """Write a PDF with one line of text on each page."""
    encryption = StandardEncryption(password, canPrint=0) if password else None
    canvas = Canvas(str(path), pagesize=(300, 400), encrypt=encryption)
    if title:
        canvas.setTitle(title)
    for text in pages:
        canvas.drawString(40, 300, text)
        canvas.rect(40, 100, 150, 80, fill=1)
        canvas.showPage()
    canvas.save()
    return path


def picture(path: Path, colour: str = "teal", size: tuple[int, int] = (120, 90)) -> Path:
    """Write a picture in the format of the path's suffix."""
    drawn = Image.new("RGB", size, colour)
    drawn.paste("white", (20, 20, 60, 50))
    drawn.save(path)
    return path


def truncated(path: Path) -> Path:
    """Write a picture whose second half is missing."""
    buffer = io.BytesIO()
    Image.effect_noise((200, 200), 80).convert("RGB").save(buffer, "PNG")
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    return path


def tiff(path: Path, *colours: str, size: tuple[int, int] = (120, 90)) -> Path:
    """Write a TIFF with a page of each colour."""
    first, *others = [Image.new("RGB", size, colour) for colour in colours]
    first.save(path, save_all=True, append_images=others, compression="tiff_lzw")
    return path


def raw_pdf(
    path: Path,
    content: bytes,
    *objects: bytes,
    packed: bool = False,
    box: str = "0 0 300 400",
    resources: bytes = b"",
) -> Path:
    """Write a PDF of one page, byte by byte.

    Args:
        path: of the file.
        content: of the page's stream.
        objects: further ones, numbered from 5.
        packed: whether the stream is deflated.
        box: the page's media box.
        resources: of the page.
    """
    page = f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 4 0 R".encode()
    return objects_pdf(
        path,
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"%b/Resources<<%b>>>>" % (page, resources),
        stream(content, b"/Filter/FlateDecode" if packed else b""),
        *objects,
    )


def objects_pdf(path: Path, *objects: bytes) -> Path:
    """Write a PDF of these objects, numbered from 1; the first is its catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj%b endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(out))
    out += b"xref\n0 %d\n0000000000 65535 f \n%b%b" % (size, table, end)
    path.write_bytes(out)
    return path


def damaged_page_pdf(path: Path, *pages: str | None) -> Path:
    """Write a PDF with a line of text on each page; ``None`` stands for one that is not there."""
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    bodies = []
    for number, text in enumerate(pages):
        bodies.append(
            b"null"
            if text is None
            else b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]/Contents %d 0 R"
            b"/Resources<</Font<</F 3 0 R>>>>>>" % (5 + 2 * number)
        )
        bodies.append(stream(b"BT /F 12 Tf 40 300 Td (%b) Tj ET" % (text or "").encode()))
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(pages)))
    tree = b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, len(pages))
    return objects_pdf(path, b"<</Type/Catalog/Pages 2 0 R>>", tree, font, *bodies)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """Return a stream object of a PDF."""
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (entries, len(content), content)


def inflating(block: bytes, times: int) -> bytes:
    """Return what inflates to a block so many times over, without ever making that."""
    packer = zlib.compressobj(9)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush the packed block depends on nothing before it.
    body = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + body * times + packer.flush()


def bomb_pdf(path: Path) -> Path:
    """Write a PDF of 2 MB whose page inflates to 2 GB of drawing."""
    return raw_pdf(path, inflating(b"q 1 0 0 1 0 0 cm Q\n" * 50_000, 2100), packed=True)


def wide_picture_pdf(path: Path) -> Path:
    """Write a PDF that shows one picture of 30,000 x 30,000 pixels, 2.7 GB when inflated."""
    entries = (
        b"/Type/XObject/Subtype/Image/Width 30000/Height 30000/ColorSpace/DeviceRGB"
        b"/BitsPerComponent 8/Filter/FlateDecode"
    )
    image = stream(inflating(b"\x7f" * 1_000_000, 2700), entries)
    return raw_pdf(path, b"300 0 0 400 0 0 cm /I Do", image, resources=b"/XObject<</I 5 0 R>>")


def nested_pdf(path: Path, depth: int, each: int) -> Path:
    """Write a PDF whose page draws a form that draws others: each ** depth rectangles in all."""
    forms = []
    for level in range(depth):
        last = level == depth - 1
        content = b"0 0 10 10 re f\n" * each if last else b"/F Do " * each
        inner = b"" if last else b"/Resources<</XObject<</F %d 0 R>>>>" % (level + 6)
        forms.append(stream(content, b"/Type/XObject/Subtype/Form/BBox[0 0 300 400]%b" % inner))
    return raw_pdf(path, b"/F Do", *forms, resources=b"/XObject<</F 5 0 R>>")


def heic(path: Path) -> Path:
    """Write a picture as telephones do."""
    import pillow_heif

    pillow_heif.from_pillow(Image.new("RGB", (64, 48), "teal")).save(path)
    return path


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be somebody who may not read everything; root is let through every door."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
