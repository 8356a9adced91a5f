"""Elasticsearch's inference API, from what is known of it: the services a server of ours may meet.

`custom`, `openai` and `hugging_face` call what they are told to; of `jinaai`, which calls one
address alone, only the settings are checked.
"""

from .double import InferenceDouble
from .services import SERVICES, Call, Endpoint

__all__ = ["SERVICES", "Call", "Endpoint", "InferenceDouble"]
