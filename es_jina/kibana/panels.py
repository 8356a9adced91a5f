"""Panels of a dashboard, as Kibana keeps them and with the references that they need.

Charts are kept in the dashboard itself, as all of Elastic's own integrations ship them; tables of
documents are Discover sessions, which are of use without the dashboard too.
"""

from dataclasses import dataclass, field
from typing import Any

from es_jina.kibana.charts import LAYER, Chart
from es_jina.kibana.data_view import data_view_id
from es_jina.kibana.saved_object import KIBANA_LINE, reference
from es_jina.kibana.sessions import Session, session_id

# What a chart calls its data view.
_DATA_VIEW = f"indexpattern-datasource-layer-{LAYER}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a panel is, in columns of 48 and rows of 20 pixels."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel.

    Attributes:
        told: the panel, for the dashboard's list of them.
        references: of the panel, for the dashboard's own.
    """

    told: dict[str, Any]
    references: list[dict[str, str]] = field(default_factory=list)


def markdown_panel(name: str, title: str, place: Place, text: str) -> Panel:
    """Return a panel that shows Markdown."""
    shown = {
        "type": "markdown",
        "title": "",
        "description": "",
        "params": {"fontSize": 12, "markdown": text, "openLinksInNewTab": True},
        "uiState": {},
        "data": {"aggs": [], "searchSource": {}},
    }
    return Panel(_told("visualization", name, title, place, {"savedVis": shown}))


def chart_panel(name: str, title: str, place: Place, index: str, chart: Chart) -> Panel:
    """Return a panel that shows a chart of an index."""
    # Kibana looks for it by name in both places: here, and behind the panel's name among the
    # dashboard's.
    view = reference(_DATA_VIEW, "index-pattern", data_view_id(index))
    shown = {"title": "", "type": "lens", "references": [view], **chart}
    told = _told("lens", name, title, place, {"attributes": shown})
    return Panel(told, [{**view, "name": f"{name}:{_DATA_VIEW}"}])


def session_panel(name: str, title: str, place: Place, index: str, session: Session) -> Panel:
    """Return a panel that shows a Discover session of an index."""
    called = f"panel_{name}"
    told = {**_told("search", name, title, place, {}), "panelRefName": called}
    return Panel(told, [reference(f"{name}:{called}", "search", session_id(index, session))])


def _told(kind: str, name: str, title: str, place: Place, config: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": kind,
        "version": f"{KIBANA_LINE}.0",
        "title": title,
        "panelIndex": name,
        "gridData": {"x": place.x, "y": place.y, "w": place.w, "h": place.h, "i": name},
        "embeddableConfig": {**config, "enhancements": {}},
    }
