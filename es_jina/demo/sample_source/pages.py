"""Lays a sample report out as a PDF: one list of blocks fills one page."""

from io import BytesIO

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, Paragraph, Spacer, Table, TableStyle

from es_jina.demo.sample_source import charts
from es_jina.demo.sample_source.blocks import (
    Block,
    Chart,
    Cycle,
    Figures,
    Grid,
    Heading,
    Pie,
    Points,
    Report,
    Text,
)

WIDTH, HEIGHT = A4
MARGIN = 20 * mm
INSIDE = WIDTH - 2 * MARGIN
BAND_FIRST, BAND = 44 * mm, 6 * mm
WHITE = HexColor("#ffffff")

BODY = ParagraphStyle("body", fontName="Vera", fontSize=10.2, leading=16.4, textColor=charts.INK)
CELL = ParagraphStyle("cell", BODY, fontSize=9.3, leading=13)
CAPTION = ParagraphStyle("caption", BODY, fontName="VeraBd", fontSize=9.4, spaceBefore=7)


def register_fonts() -> None:
    """Registers the typeface that travels inside reportlab: every machine has the same one."""
    for name in ("Vera", "VeraBd", "VeraIt", "VeraBI"):
        registerFont(TTFont(name, f"{name}.ttf"))
    registerFontFamily("Vera", normal="Vera", bold="VeraBd", italic="VeraIt", boldItalic="VeraBI")


def report_pdf(report: Report) -> bytes:
    """Draws a report.

    Args:
        report: what to draw.

    Returns:
        The PDF, the same bytes at each run.

    Raises:
        ValueError: the blocks of a page do not fit on it.
    """
    register_fonts()
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=1, lang=report.language)
    canvas.setTitle(report.title)
    canvas.setSubject(report.subtitle)
    canvas.setAuthor("es_jina sample folder")
    for number, blocks in enumerate(report.pages, start=1):
        _frame_around(canvas, report, number)
        band = BAND_FIRST if number == 1 else BAND
        frame = Frame(MARGIN, 18 * mm, INSIDE, HEIGHT - band - 26 * mm, 0, 0, 0, 0)
        story = [flowable for block in blocks for flowable in _flowables(block, report)]
        frame.addFromList(story, canvas)
        if story:
            raise ValueError(f"{report.path}: page {number} is too full")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _frame_around(canvas: Canvas, report: Report, number: int) -> None:
    main, second = HexColor(report.colours[0]), HexColor(report.colours[1])
    band = BAND_FIRST if number == 1 else BAND
    canvas.setFillColor(main)
    canvas.rect(0, HEIGHT - band, WIDTH, band, stroke=0, fill=1)
    canvas.setFillColor(second)
    canvas.rect(0, HEIGHT - band - 1.4 * mm, WIDTH, 1.4 * mm, stroke=0, fill=1)
    if number == 1:
        canvas.setFillColor(WHITE)
        canvas.setFont("VeraBd", 22)
        canvas.drawString(MARGIN, HEIGHT - 23 * mm, report.title)
        canvas.setFont("Vera", 10.5)
        canvas.drawString(MARGIN, HEIGHT - 32 * mm, report.subtitle)
    canvas.setFillColor(charts.GREY)
    canvas.setFont("Vera", 7.6)
    canvas.drawString(MARGIN, 10 * mm, report.title)
    place = f"{report.page_word} {number} / {len(report.pages)}"
    canvas.drawRightString(WIDTH - MARGIN, 10 * mm, place)


def _flowables(block: Block, report: Report) -> list[Flowable]:
    colours = [HexColor(colour) for colour in report.colours]
    match block:
        case Heading(text):
            return [Paragraph(text, _heading_style(colours[0]))]
        case Text(text):
            return [Paragraph(text, BODY), Spacer(1, 7)]
        case Points(items):
            style = ParagraphStyle("point", BODY, leftIndent=13, bulletIndent=2, spaceAfter=3)
            return [*(Paragraph(item, style, bulletText="•") for item in items), Spacer(1, 4)]
        case Figures():
            return [Spacer(1, 4), _figures(block, colours[0]), Spacer(1, 10)]
        case Grid():
            return [Paragraph(block.caption, CAPTION), _grid(block, colours[0]), Spacer(1, 10)]
        case Chart():
            drawing = charts.chart(block, INSIDE, 232, colours)
        case Pie():
            drawing = charts.pie(block, INSIDE, 176, colours)
        case Cycle():
            drawing = charts.cycle(block, INSIDE, 226, colours)
    return [Paragraph(block.caption, CAPTION), Spacer(1, 4), drawing, Spacer(1, 8)]


def _heading_style(colour: Color) -> ParagraphStyle:
    return ParagraphStyle(
        "heading",
        fontName="VeraBd",
        fontSize=14,
        leading=19,
        textColor=colour,
        spaceBefore=8,
        spaceAfter=5,
    )


def _figures(block: Figures, colour: Color) -> Table:
    large = ParagraphStyle(
        "large", fontName="VeraBd", fontSize=16.5, leading=23, textColor=colour, alignment=TA_CENTER
    )
    small = ParagraphStyle("small", CELL, alignment=TA_CENTER, textColor=charts.GREY)
    cells = [[Paragraph(number, large), Paragraph(words, small)] for number, words in block.items]
    table = Table([cells], colWidths=[INSIDE / len(cells)] * len(cells))
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), HexColor("#f3f5f8")),
                ("INNERGRID", (0, 0), (-1, -1), 3, WHITE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 8),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 9),
            ]
        )
    )
    return table


def _grid(block: Grid, colour: Color) -> Table:
    head = ParagraphStyle("head", CELL, fontName="VeraBd", textColor=WHITE)
    rows = [
        [Paragraph(cell, head if place == 0 else CELL) for cell in row]
        for place, row in enumerate(block.rows)
    ]
    whole = sum(block.widths)
    table = Table(rows, colWidths=[INSIDE * share / whole for share in block.widths], spaceBefore=4)
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), colour),
                ("ROWBACKGROUNDS", (0, 1), (-1, -1), [WHITE, HexColor("#f3f5f8")]),
                ("LINEBELOW", (0, 1), (-1, -1), 0.5, charts.PALE),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
            ]
        )
    )
    return table
