import pytest

from es_jina.cli.billing import Bill, Billed
from es_jina.providers.usage import Usage
from tests.ingest.provider_billed import BilledProvider
from tests.ingest.provider_double import DoubleProvider

USAGE = Usage(12, 34_567)


def test_what_is_said_of_money_needs_a_price() -> None:
    assert Bill(USAGE, None).used == ["Hosted API: 12 requests, 34,567 tokens billed"]
    (told,) = Bill(USAGE, 0.05).used
    assert told.endswith(" billed, 0.0017 at 0.05 for a million tokens")
    (told,) = Bill(USAGE, 50_000.0).used
    assert told.endswith(" billed, 1,728.3500 at 50000 for a million tokens")
    (told,) = Bill(USAGE, 0.0).used
    assert told.endswith(" billed, 0.0000 at 0 for a million tokens")


def test_before_anything_is_used_it_is_an_estimate() -> None:
    assert Bill(Usage(1_000, 250_000), 0.02).expected == [
        "It would use at least 1,000 requests and about 250,000 tokens of the hosted API, 0.0050 "
        "at 0.02 for a million tokens"
    ]


def test_programs_get_numbers() -> None:
    assert Bill(USAGE, None).fields == {"requests": 12, "tokens": 34_567, "cost": None}
    assert Bill(USAGE, 0.05).fields["cost"] == pytest.approx(0.00172835)


def test_what_runs_here_is_billed_nothing() -> None:
    bill = Bill(None, None)
    assert bill.used == bill.expected == []
    assert bill.fields == {"requests": None, "tokens": None, "cost": None}


def test_who_knows_what_was_used() -> None:
    assert isinstance(BilledProvider(), Billed)
    assert not isinstance(DoubleProvider(), Billed)
