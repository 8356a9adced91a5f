"""`python -m tests.ingest.runner URL INDEX LOG SECONDS PATH...`: an ingest to be killed.

Each call of its provider takes SECONDS and is written to LOG. When it is
ready it says so and waits for a line, so that several can begin together.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.ingest.run import Ingest, Options
from es_jina.ingest.targets import Setting, Targets

from .provider_double import PROFILE, DoubleProvider, WordTokenizer


def wait() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def ingest(
    url: str,
    index: str,
    log: str,
    seconds: str,
    *paths: str,
    ready: Callable[[], None] = lambda: None,
) -> int:
    client = Cluster(url).connect()
    provider = DoubleProvider(Path(log), float(seconds))
    job = Ingest(
        client,
        index,
        PROFILE,
        Capabilities.detect(client),
        open_provider=lambda: provider,
        open_tokenizer=WordTokenizer,
        options=Options(retry_for=60),
    )
    ready()
    with tempfile.TemporaryDirectory() as scratch:
        report = job.run(Targets(paths, Setting(client, Path(scratch))))
    for failure in report.failures:
        print(failure, file=sys.stderr)
    print(report)
    return 3 if report.failed else 0


if __name__ == "__main__":
    sys.exit(ingest(*sys.argv[1:], ready=wait))
