"""The server against the same model called directly, and against infinity-emb.

    python benchmarks/server.py [part ...] [--rounds 5] [--seconds 8] [--threads 2]
    python benchmarks/server.py > benchmarks/results/server.md

Prints Markdown, and on stderr how far it is. The weights are random and small, on the CPU; the
server is `es-jina serve` in a process of its own, and its clients share the processor with it.
Parts, by default all of them:

throughput  64 clients with one text each, against direct calls with batches of 64
lone        what a request that is alone takes more than a direct call
queries     how long queries take while bulk saturates the server
replies     CPU for writing multi-vectors of pages into an answer
peer        the same requests to infinity-emb with a model of the same size; installs it, under
            es-jina's cache folder, at the first run
"""

import argparse
import os
import tempfile
from pathlib import Path

import server_replies
from serving import peer, queries, together
from serving.checkpoint import checkpoint
from serving.direct import Direct
from serving.process import running_server
from shared.report import machine, progress

PARTS = {
    "throughput": "Many clients with one text each",
    "lone": "One client alone",
    "queries": "Queries behind bulk",
    "replies": "Answers with multi-vectors of pages",
    "peer": "infinity-emb",
}


def main() -> None:
    """Print the parts that are asked for, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="of a round, about")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of torch")
    asked = parser.parse_args()
    if unknown := [name for name in asked.parts if name not in PARTS]:
        parser.error(f"no part {', '.join(unknown)}: choose from {', '.join(PARTS)}")
    print(f"# The server\n\n{machine('torch', 'uvicorn')}, {asked.threads} threads of torch.")
    with tempfile.TemporaryDirectory(prefix="es-jina-bench-") as temporary:
        progress("making a checkpoint")
        model = checkpoint(Path(temporary))
        parts = asked.parts or [*PARTS]
        _serve(model, [name for name in parts if name != "peer"], asked)
        if "peer" in parts:
            _title("peer")
            peer.measure(model, asked.rounds, asked.seconds, asked.threads)


def _serve(model: Path, parts: list[str], asked: argparse.Namespace) -> None:
    if not parts:
        return
    with running_server(model, asked.threads) as server:
        bench = together.Bench(server, Direct(model, asked.threads))
        for name in parts:
            _title(name)
            if name == "throughput":
                together.throughput(bench, asked.rounds, asked.seconds)
            elif name == "lone":
                together.lone(bench, asked.rounds)
            elif name == "queries":
                queries.behind_bulk(server, asked.rounds, asked.seconds)
            else:
                server_replies.measure(asked.rounds)


def _title(name: str) -> None:
    print(f"\n## {PARTS[name]}\n")


if __name__ == "__main__":
    main()
