"""An OpenAPI description, held against what the server does."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode

# They expect that every wrong body is refused; the hosted API, and so this server, reads "yes" as
# true and ignores what it does not know. And that every right one is embedded: a text that is
# said to be an image is none.
LENIENT = ("negative_data_rejection", "positive_data_acceptance")


def check_route(url: str, described: Any, path: str, method: str, mode: GenerationMode) -> None:
    """Ask a route what its description allows, or what it does not, and check the answers."""
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=url)
    lenient: list[Any] = [schemathesis.checks.CHECKS.get_one(name) for name in LENIENT]
    cases = schema[path][method].as_strategy(generation_mode=mode)

    @settings(
        max_examples=8,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case: Any) -> None:
        case.call_and_validate(excluded_checks=lenient)

    ask()
