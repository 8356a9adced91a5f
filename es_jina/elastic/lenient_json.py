"""JSON as Elasticsearch writes it, whatever somebody has put into a document."""

import json
from typing import Any

from elasticsearch import OrjsonSerializer, SerializationError


class LenientJsonSerializer(OrjsonSerializer):
    r"""Reads half a surrogate pair (``"\ud800"``) too, which orjson refuses.

    Elasticsearch stores such a text and gives it back: one document of somebody else would fail
    every search that comes across it.
    """

    def loads(self, data: bytes) -> Any:
        """Read one value.

        Raises:
            SerializationError: it is no JSON.
        """
        try:
            return super().loads(data)
        except SerializationError as error:
            try:
                return json.loads(data)
            except ValueError:
                raise error from None
