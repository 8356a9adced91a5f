"""Loading at full speed: no refresh and no replicas until the last document is in.

The settings that an index had are noted in its mapping before they are changed, and the note goes
only after they are back. So whatever moment a run is killed at, the next one, or ``es-jina
doctor``, finds what to restore.
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch

from es_jina.elastic.client import cluster_errors
from es_jina.errors import ClusterError

NOTE_KEY = "es_jina_fast_load"

Settings = dict[str, Any]  # None: not set, the default holds

_FAST: Settings = {
    "index.refresh_interval": "-1",
    # Else the number of replicas would follow the number of nodes.
    "index.auto_expand_replicas": "false",
    "index.number_of_replicas": "0",
}


@contextmanager
def fast_load(client: Elasticsearch, index: str) -> Iterator[None]:
    """Load fast inside the block: every index behind the alias is set so, and set back after it.

    Of two loads at once, the first to end sets the index back; the other goes on more slowly.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses. Where that happens at the end,
            :func:`restore` does later what is left to do; an error of the block goes first.
    """
    former: dict[str, Settings] = {}
    try:
        with cluster_errors(f"preparing {index!r} for a fast load"):
            _begin(client, index, former)
        yield
    except BaseException:
        with contextlib.suppress(ClusterError):
            _end(client, former)
        raise
    try:
        _end(client, former)
    except ClusterError as error:
        raise ClusterError(
            f"{error}; everything is loaded, but refresh and replicas of {index!r} are still off: "
            f"`es-jina doctor {index}` sets them back"
        ) from error


def restore(client: Elasticsearch, index: str) -> bool:
    """Set back what a fast load that was killed has left; do nothing where there is nothing.

    Args:
        client: of the cluster.
        index: an index, or the alias of one or more.

    Returns:
        Whether there was something to set back.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    with cluster_errors(f"looking for what a fast load of {index!r} has left"):
        noted = {
            name: note
            for name, body in _indices(client, index)
            if (note := _note(body)) is not None
        }
    _end(client, noted)
    return bool(noted)


def _begin(client: Elasticsearch, index: str, former: dict[str, Settings]) -> None:
    """Note and change the settings of each index; `former` gets them as soon as they are noted."""
    for name, body in _indices(client, index):
        note = _note(body)
        if note is None:
            note = {setting: body["settings"].get(setting) for setting in _FAST}
            client.indices.put_mapping(index=name, meta={**_meta(body), NOTE_KEY: note})
        former[name] = note
        client.indices.put_settings(index=name, settings=_FAST)


def _end(client: Elasticsearch, former: dict[str, Settings]) -> None:
    for name, settings in former.items():
        with cluster_errors(f"setting {name!r} back after a fast load"):
            for _, body in _indices(client, name):
                # Who was refused the change need not be allowed to take it back.
                if any(body["settings"].get(each) != settings[each] for each in settings):
                    client.indices.put_settings(index=name, settings=settings)
                meta = {key: value for key, value in _meta(body).items() if key != NOTE_KEY}
                client.indices.put_mapping(index=name, meta=meta)
            client.indices.refresh(index=name)


def _indices(client: Elasticsearch, index: str) -> list[tuple[str, dict[str, Any]]]:
    """Return each index with its settings and the ``_meta`` of its mapping, both of one moment."""
    answer = client.indices.get(
        index=index, flat_settings=True, filter_path="*.mappings._meta,*.settings"
    )
    return list(answer.body.items())


def _meta(body: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = body.get("mappings", {}).get("_meta", {})
    return meta


def _note(body: dict[str, Any]) -> Settings | None:
    """Return the settings that a fast load has noted, those alone that it changes."""
    note = _meta(body).get(NOTE_KEY)
    return None if note is None else {setting: note.get(setting) for setting in _FAST}
