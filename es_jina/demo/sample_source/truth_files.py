"""The files that :mod:`es_jina.demo.truth` reads."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from es_jina.demo.sample_source.judging import Unit, judgements
from es_jina.demo.sample_source.queries import QUERIES
from es_jina.demo.sample_source.sheets.paper import Spot
from es_jina.demo.sample_source.sheets.printing import Printed
from es_jina.demo.truth import Box, unit_id


def queries() -> str:
    """Return the queries, one a line, below a line that names the columns."""
    lines = [
        f"q{number:02}\t{asked.text}\t{asked.language}\t{asked.kind}"
        for number, asked in enumerate(QUERIES, start=1)
    ]
    return "\n".join(["id\ttext\tlanguage\tkind", *lines, ""])


def qrels(units: Sequence[Unit]) -> str:
    """Return the judgements in the format of TREC: query, 0, unit, grade."""
    return "".join(
        f"{query} 0 {unit} {grade}\n"
        for query, grades in judgements(units).items()
        for unit, grade in grades.items()
    )


def boxes(printed: Mapping[str, Printed]) -> str:
    """Return where the pages of printed decks show what, as JSON, a line for each page."""
    lines = [
        f"{_json(unit_id(path, number))}: {_json(_page(each.size, spots))}"
        for path, each in sorted(printed.items())
        for number, spots in enumerate(each.pages, start=1)
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _page(size: tuple[float, float], spots: Sequence[Spot]) -> dict[str, Any]:
    words = [
        {"word": spot.words[0], "printed": spot.printed, "box": _rounded(spot.box)}
        for spot in spots
        if spot.printed
    ]
    (chart,) = (spot for spot in spots if not spot.printed)
    colour, kind = chart.words
    return {
        "size": size,
        "words": words,
        "chart": {"colour": colour, "kind": kind, "box": _rounded(chart.box)},
    }


def _rounded(box: Box) -> list[float]:
    return [round(share, 4) for share in box]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
