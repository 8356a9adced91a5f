"""The hosted provider against a stub of its API, and against the clients that people use otherwise.

    python benchmarks/hosted.py [part ...] [--rounds 9] [--windows 6] [--slow]
    python benchmarks/hosted.py > benchmarks/results/hosted.md

Prints Markdown, and on stderr how far it is. The stub runs in a process of its own on the same
machine. Parts, by default all of them:

limits  what is used of what requests in flight, requests and tokens a minute allow; a minute is six
        seconds long, or one with --slow, which takes an hour and a half
cpu     CPU for 1,000 vectors of texts: ours, LangChain's and LlamaIndex's client
images  CPU for 100 pages until they are ready to be sent, and where it goes
"""

import argparse
import logging

from hosting import cpu, images, limits


def part_limits(asked: argparse.Namespace) -> None:
    """To reach: 95 % of what each limit allows."""
    limits.measure(asked.windows, slow=asked.slow)


def part_cpu(asked: argparse.Namespace) -> None:
    """To reach: a third of each peer's CPU."""
    cpu.measure(asked.rounds)


def part_images(asked: argparse.Namespace) -> None:
    """To be known."""
    images.measure(asked.rounds)


PARTS = {"limits": part_limits, "cpu": part_cpu, "images": part_images}


def main() -> None:
    """Print the parts that are asked for, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=9, help="of cpu and images")
    parser.add_argument("--windows", type=int, default=6, help="of limits: minutes of a run")
    parser.add_argument("--slow", action="store_true", help="of limits: in real minutes")
    asked = parser.parse_args()
    if unknown := [name for name in asked.parts if name not in PARTS]:
        parser.error(f"no part {', '.join(unknown)}: choose from {', '.join(PARTS)}")
    # It tells of every retry.
    logging.getLogger("stamina").addHandler(logging.NullHandler())
    print("# The hosted API")
    for name in asked.parts or PARTS:
        print()
        PARTS[name](asked)


if __name__ == "__main__":
    main()
