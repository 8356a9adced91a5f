"""``python -m es_jina.testing``: the stub in a process of its own, until Ctrl-C or SIGTERM."""

import argparse
import signal
import threading

from es_jina.testing.api import StubApi
from es_jina.testing.faults import Faults
from es_jina.testing.limits import StubLimits


def main() -> None:
    """Serve, and print the address on the first line."""
    parser = _parser()
    given = parser.parse_args()
    limits = StubLimits(
        concurrency=given.concurrency,
        requests_per_minute=given.requests_per_minute,
        tokens_per_minute=given.tokens_per_minute,
        window_seconds=given.window_seconds,
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    stub = StubApi(
        limits=limits,
        faults=Faults(given.fault_rate, given.seed),
        service_seconds=given.service_seconds,
        record=False,
        port=given.port,
    )
    try:
        with stub as api:
            print(api.url, flush=True)
            stop.wait()
    except OSError as error:
        parser.error(f"argument --port: {error.strerror}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m es_jina.testing",
        description="A stub of the hosted Jina API, with the key es_jina.testing.KEY.",
    )
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; any free one by default")
    parser.add_argument("--concurrency", type=int, help="requests at one time")
    parser.add_argument("--requests-per-minute", type=int)
    parser.add_argument("--tokens-per-minute", type=int)
    parser.add_argument("--window-seconds", type=float, default=60.0, help="of such a minute")
    parser.add_argument("--service-seconds", type=float, default=0.0, help="for each request")
    parser.add_argument("--fault-rate", type=float, default=0.0, help="0 to 1")
    parser.add_argument("--seed", type=int, default=0, help="of the faults")
    return parser


if __name__ == "__main__":
    main()
