"""Answers in CBOR (RFC 8949), which Elasticsearch writes much faster than JSON.

For an answer that is one long text after another, such as packed multi-vectors, that is more than
half of the time that it takes.
"""

from typing import Any
from urllib.parse import quote

import cbor2
from elastic_transport import ConnectionError as EsConnectionError
from elastic_transport import SerializationError, Serializer
from elasticsearch import Elasticsearch

MIMETYPE = "application/cbor"
_JSON = "application/json"


class CborSerializer(Serializer):
    """Reads CBOR; what we send is JSON."""

    mimetype = MIMETYPE

    def loads(self, data: bytes) -> Any:
        """Read one value.

        Raises:
            SerializationError: it is no CBOR.
        """
        try:
            return cbor2.loads(data)
        except (cbor2.CBORDecodeError, ValueError) as error:
            raise SerializationError("the answer is no CBOR", (error,)) from error

    def dumps(self, data: Any) -> bytes:
        """Refuse: nothing is sent in CBOR."""
        raise SerializationError(f"{MIMETYPE} is for answers alone")


def search_in_cbor(
    client: Elasticsearch, index: str, body: dict[str, Any], **params: str
) -> dict[str, Any]:
    """Search, and have the answer in CBOR, if the client reads it, else in JSON.

    Raises:
        ApiError: Elasticsearch refuses.
        TransportError: it cannot be reached.
    """
    # A client that somebody else made may have no serializer for it.
    known = MIMETYPE in client.transport.serializers.serializers
    try:
        return _searched(client, index, body, params, MIMETYPE if known else _JSON)
    except EsConnectionError:
        # Half a surrogate pair, in a text of somebody else's, can be written in JSON alone:
        # Elasticsearch breaks off.
        return _searched(client, index, body, params, _JSON)


def _searched(
    client: Elasticsearch, index: str, body: dict[str, Any], params: dict[str, str], accept: str
) -> dict[str, Any]:
    answer = client.perform_request(
        "POST",
        f"/{quote(index, safe='')}/_search",
        params=params,
        headers={"accept": accept, "content-type": _JSON},
        body=body,
    )
    told: dict[str, Any] = answer.body
    return told
