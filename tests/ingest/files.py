"""Small real files for the tests, good ones and broken ones."""

import io
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
