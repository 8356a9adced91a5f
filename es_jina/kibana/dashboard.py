"""The dashboard of an index: what is in it, the latest pages, and what failed."""

from urllib.parse import quote

from es_jina.kibana import charts
from es_jina.kibana.panels import Panel, Place, chart_panel, markdown_panel, session_panel
from es_jina.kibana.saved_object import SavedObject, inner_json, object_id, saved_object
from es_jina.kibana.sessions import FAILED, FAILURES, PAGES, TIME_FROM, TIME_TO

_OPTIONS = {
    "useMargins": True,
    "syncColors": False,
    "syncCursor": True,
    "syncTooltips": False,
    "hidePanelTitles": False,
}


def dashboard(index: str, server: str | None) -> SavedObject:
    """Return the dashboard.

    Args:
        index: that it is about.
        server: the address of `es-jina serve`, if there is one.
    """
    panels = _panels(index, server)
    search = {"query": {"query": "", "language": "kuery"}, "filter": []}
    attributes = {
        "title": f"{index} (es_jina)",
        "description": f"What is in {index}: documents by kind, source and day, the latest pages, "
        "and what could not be ingested.",
        "panelsJSON": inner_json([panel.told for panel in panels]),
        "optionsJSON": inner_json(_OPTIONS),
        "timeRestore": True,
        "timeFrom": TIME_FROM,
        "timeTo": TIME_TO,
        "refreshInterval": {"pause": True, "value": 60_000},
        "kibanaSavedObjectMeta": {"searchSourceJSON": inner_json(search)},
        "version": 1,
    }
    references = [each for panel in panels for each in panel.references]
    return saved_object("dashboard", object_id(index, "dashboard"), attributes, references)


def _panels(index: str, server: str | None) -> list[Panel]:
    """Return the panels; a dashboard is 48 columns wide."""
    return [
        markdown_panel("how-to", "How to search", Place(0, 0, 24, 12), _how_to(index, server)),
        chart_panel("kinds", "Documents by kind", Place(24, 0, 14, 12), index, charts.by_kind()),
        chart_panel(
            "failed",
            "Ingest failures",
            Place(38, 0, 10, 12),
            index,
            charts.how_many(FAILED, "Failed"),
        ),
        chart_panel("days", "Documents by day", Place(0, 12, 24, 12), index, charts.by_day()),
        chart_panel(
            "sources", "Documents by source", Place(24, 12, 24, 12), index, charts.by_source()
        ),
        session_panel("pages", "Latest pages and images", Place(0, 24, 48, 22), index, PAGES),
        session_panel("failures", "Ingest failures, listed", Place(0, 46, 48, 12), index, FAILURES),
    ]


def _how_to(index: str, server: str | None) -> str:
    lines = [
        f"A document of **{index}** is a text chunk, an image or a PDF page.",
        "",
        '* **By words**: type above, such as `title: heat` or `text: "heat pump"`. All panels '
        "follow.",
        "* **By meaning**: open Dev Tools and paste from `console.txt`, which "
        f"`es-jina kibana export --index {index}` writes.",
    ]
    if server is not None:
        page = f"{server}/?index={quote(index, safe='')}"
        lines.append(
            f"* **By meaning, with pictures**: in the [search page]({page}). **Open** beside a "
            "document shows it there."
        )
    return "\n".join(lines)
