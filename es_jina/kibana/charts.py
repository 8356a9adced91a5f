"""Charts of the dashboard, as Kibana's Lens keeps them."""

from typing import Any

from es_jina.kibana.data_view import TIME_FIELD

Chart = dict[str, Any]
Column = dict[str, Any]

LAYER = "layer"
_COUNT, _GROUP = "count", "group"
# Sources that the table lists; there may be thousands.
_SOURCES = 100


def by_kind() -> Chart:
    """Return how many documents there are of each kind, as a ring."""
    layer = {
        "layerId": LAYER,
        "layerType": "data",
        "primaryGroups": [_GROUP],
        "metrics": [_COUNT],
        "numberDisplay": "value",
        "categoryDisplay": "default",
        "legendDisplay": "default",
        "nestedLegend": False,
    }
    shown = {"shape": "donut", "layers": [layer]}
    return _chart("lnsPie", shown, {_GROUP: _terms("kind", "Kind", 10), _COUNT: _count()})


def by_source() -> Chart:
    """Return how many documents each source has, as a table."""
    shown = {
        "layerId": LAYER,
        "layerType": "data",
        "columns": [{"columnId": _GROUP}, {"columnId": _COUNT, "width": 120}],
        "paging": {"enabled": True, "size": 10},
    }
    columns = {_GROUP: _terms("source.uri", "Source", _SOURCES), _COUNT: _count()}
    return _chart("lnsDatatable", shown, columns)


def by_day() -> Chart:
    """Return how many documents came each day, and of which kind, as bars."""
    split = "split"
    layer = {
        "layerId": LAYER,
        "layerType": "data",
        "seriesType": "bar_stacked",
        "position": "top",
        "showGridlines": False,
        "xAccessor": _GROUP,
        "accessors": [_COUNT],
        "splitAccessor": split,
    }
    shown = {
        "layers": [layer],
        "preferredSeriesType": "bar_stacked",
        "legend": {"isVisible": True, "position": "right"},
        "valueLabels": "hide",
        "fittingFunction": "None",
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": False, "yRight": False},
    }
    columns = {split: _terms("kind", "Kind", 10), _GROUP: _days(), _COUNT: _count()}
    return _chart("lnsXY", shown, columns)


def how_many(query: str, label: str) -> Chart:
    """Return how many documents a query in Kibana's language finds, as a number."""
    shown = {"layerId": LAYER, "layerType": "data", "metricAccessor": _COUNT}
    return _chart("lnsMetric", shown, {_COUNT: _count(label)}, query)


def _chart(kind: str, shown: dict[str, Any], columns: dict[str, Column], query: str = "") -> Chart:
    layer = {"columns": columns, "columnOrder": list(columns), "incompleteColumns": {}}
    return {
        "visualizationType": kind,
        "state": {
            "visualization": shown,
            "query": {"query": query, "language": "kuery"},
            "filters": [],
            "datasourceStates": {"formBased": {"layers": {LAYER: layer}}},
            "internalReferences": [],
            "adHocDataViews": {},
        },
    }


def _count(label: str = "Documents") -> Column:
    return {
        "label": label,
        "customLabel": True,
        "operationType": "count",
        "sourceField": "___records___",
        "dataType": "number",
        "isBucketed": False,
        "scale": "ratio",
        "params": {"emptyAsNull": False},
    }


def _terms(field: str, label: str, size: int) -> Column:
    return {
        "label": label,
        "customLabel": True,
        "operationType": "terms",
        "sourceField": field,
        "dataType": "string",
        "isBucketed": True,
        "scale": "ordinal",
        "params": {
            "size": size,
            "orderBy": {"type": "column", "columnId": _COUNT},
            "orderDirection": "desc",
            "otherBucket": True,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
        },
    }


def _days() -> Column:
    # Where a day is too narrow for the time that is shown, Kibana takes longer ones.
    return {
        "label": "Day",
        "customLabel": True,
        "operationType": "date_histogram",
        "sourceField": TIME_FIELD,
        "dataType": "date",
        "isBucketed": True,
        "scale": "interval",
        "params": {"interval": "d", "includeEmptyRows": True, "dropPartials": False},
    }
