"""``README.md`` of the exported folder."""

from es_jina.elastic.inference import query_name, rerank_name
from es_jina.kibana.bundle import Bundle
from es_jina.kibana.console import QUESTION, how_to_embed

_TEXT = """\
# {index} in Kibana

{profile}

Written for Elasticsearch {version} ({licence} licence). `es-jina kibana export --index {index}`
writes this folder anew; `es-jina kibana install --index {index} --kibana URL` puts all of it in
place.

| file | what to do with it |
|---|---|
| `console.txt` | paste it into Dev Tools and run it from top to bottom |
| `search/*.json` | bodies of `PUT _scripts/{index}-NAME`; `console.txt` has them all |
| `search/*.esql` | for `POST _query` with the parameter `q`, and for Discover |
| `saved-objects.ndjson` | Stack Management, Saved Objects, Import: data view, Discover sessions, dashboard |

## Searches

A search template is called with what is typed, and with `size` and `from` where ten hits from the
first are not wanted:

```
POST {index}/_search/template
{{"id": "{index}-words", "params": {{"q": "{question}", "size": 5}}}}
```

| search | what it does | here |
|---|---|---|
{rows}
{unfit}
`POST _query` fills the `?q` of ES|QL in from `params`. Discover has no such field: write the words in
quotes in its place.

## Licences

Elasticsearch's inference API takes an Enterprise licence, a trial or Serverless. With it, Elasticsearch
asks the endpoint `{query}` for the vector of what is typed{rerank}.
`es-jina setup {index} --server URL` makes the endpoints.

With any other licence, basic among them, Elasticsearch embeds nothing. Two kinds of searches run:
`{index}-words`, which is words alone, and those that are given a vector, `{index}-hybrid-vector` and
`{index}-pages-vector`. {vector}
"""


def readme(bundle: Bundle) -> str:
    """Return the text: what is in the folder, which searches there are, and which run here."""
    index = bundle.index
    reranks = f", and `{rerank_name(index)}` to order hits anew" if bundle.rerank_field else ""
    return _TEXT.format(
        index=index,
        profile=bundle.profile.summary,
        version=bundle.capabilities.version,
        licence=bundle.capabilities.licence,
        question=QUESTION,
        rows="\n".join(_rows(bundle)),
        unfit=_unfit(bundle),
        query=query_name(index),
        rerank=reranks,
        vector=how_to_embed(index),
    )


def _rows(bundle: Bundle) -> list[str]:
    searches = bundle.searches
    told = [
        *((f"`{each.asset.name}`", each.about, each.text) for each in searches.templates),
        *((f"`search/{each.name}.esql`", each.about, each.text) for each in searches.queries),
    ]
    return [f"| {name} | {about} | {_here(bundle, text)} |" for name, about, text in told]


def _here(bundle: Bundle, text: str) -> str:
    lacking = "; ".join(bundle.lacking(text)).replace("|", "\\|")
    return f"no: it takes {lacking}" if lacking else "yes"


def _unfit(bundle: Bundle) -> str:
    """Name the searches that are left out, and why."""
    lines = [f"* `{name}` is left out: {why}." for name, why in bundle.searches.unfit.items()]
    lines += _notes(bundle)
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def _notes(bundle: Bundle) -> list[str]:
    multi = bundle.profile.multi_vector
    if multi is None or multi.store != "rank_vectors":
        return []
    return [
        "* The multi-vectors are rank_vectors, which Elasticsearch compares by a script that is given "
        "the many vectors of the query. No endpoint makes those: `es-jina search` does."
    ]
