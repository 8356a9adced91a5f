"""The stub of the hosted API in a process of its own, so that its CPU is not ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection

from es_jina.testing import StubApi, StubLimits


@contextmanager
def running_stub(limits: StubLimits, service_seconds: float = 0.0) -> Iterator[str]:
    """Serve while the block runs; yield the address.

    It keeps no record, and takes fields that the schema does not name: LlamaIndex sends one.
    """
    context = get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=_serve, args=(its, limits, service_seconds))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join()


def _serve(pipe: Connection, limits: StubLimits, service_seconds: float) -> None:
    with StubApi(limits=limits, service_seconds=service_seconds, strict=False, record=False) as api:
        pipe.send(api.url)
        pipe.recv()
