import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from es_jina.telemetry import span


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """What a program that traces us has set up; once for a process, as OpenTelemetry wants it."""
    with span("es_jina.early"):
        pass  # before there is a provider
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    exporter.clear()
    yield exporter
    exporter.clear()


def test_spans_lie_within_each_other(spans: InMemorySpanExporter) -> None:
    with span("es_jina.ingest", index="docs"), span("es_jina.embed", units=12, page=None):
        pass
    inner, outer = spans.get_finished_spans()
    assert (inner.name, outer.name) == ("es_jina.embed", "es_jina.ingest")
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id
    assert dict(inner.attributes or {}) == {"es_jina.units": 12}
    assert dict(outer.attributes or {}) == {"es_jina.index": "docs"}


def test_an_exception_is_recorded_and_goes_on(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="broken"), span("es_jina.embed"):
        raise ValueError("broken")
    (failed,) = spans.get_finished_spans()
    assert failed.status.status_code is trace.StatusCode.ERROR
    (event,) = failed.events
    assert event.name == "exception"
    assert (event.attributes or {})["exception.message"] == "broken"


CODE = """
import sys
{before}
from es_jina.telemetry import span
assert not any(name.startswith("opentelemetry") and sys.modules[name] for name in sys.modules)
with span("es_jina.embed", units=1):
    print("done")
try:
    with span("es_jina.embed"):
        raise ValueError("raised")
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("before", ["sys.modules['opentelemetry'] = None", ""])
def test_without_opentelemetry_or_without_a_provider_nothing_happens(before: str) -> None:
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE.format(before=before)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert told.stderr == ""
    assert told.stdout.split() == ["done", "raised"]
