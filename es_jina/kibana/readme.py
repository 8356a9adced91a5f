"""``README.md`` of the exported folder."""

from pathlib import Path

from es_jina.kibana.bundle import Bundle
from es_jina.kibana.console import QUESTION, how_to_embed

_TEXT = Path(__file__).with_name("readme.md")


def readme(bundle: Bundle) -> str:
    """Return the text: what is in the folder, which searches there are, and which run here."""
    index, notes = bundle.index, _notes(bundle)
    return _TEXT.read_text("utf-8").format(
        index=index,
        profile=bundle.profile.summary,
        version=bundle.capabilities.version,
        licence=bundle.capabilities.licence,
        question=QUESTION,
        rows="\n".join(_rows(bundle)),
        notes="".join(f"* {note}\n" for note in notes) + ("\n" if notes else ""),
        endpoints=_endpoints(bundle),
        vector=how_to_embed(index),
    )


def _endpoints(bundle: Bundle) -> str:
    told = [f"`{name}` {does}" for name, does in bundle.endpoints.items()]
    if not told:
        return "No search of this index asks it for anything."
    return (
        f"There, endpoints do what the searches ask: {', and '.join(told)}.\n"
        f"`es-jina setup {bundle.index} --server URL` makes them."
    )


def _rows(bundle: Bundle) -> list[str]:
    searches = bundle.searches
    told = [
        *((f"`{each.asset.name}`", each.about, each.text) for each in searches.templates),
        *((f"`search/{each.name}.esql`", each.about, each.text) for each in searches.queries),
    ]
    return [_row(name, about, _here(bundle, text)) for name, about, text in told]


def _row(*cells: str) -> str:
    return " ".join(["|", " | ".join(cell.replace("|", "\\|") for cell in cells), "|"])


def _here(bundle: Bundle, text: str) -> str:
    lacking = "; and ".join(bundle.lacking(text))
    return f"no: it takes {lacking}" if lacking else "yes"


def _notes(bundle: Bundle) -> list[str]:
    """Return what is left out and why, and what no search in Kibana can do."""
    notes = [f"`{name}` is left out: {why}." for name, why in bundle.searches.unfit.items()]
    multi = bundle.profile.multi_vector
    if multi is not None and multi.store == "rank_vectors":
        notes.append(
            "The multi-vectors are rank_vectors, which Elasticsearch itself compares, by a script "
            "that is given the many vectors of a query. No endpoint makes those: `es-jina search` "
            "does."
        )
    return notes
