"""infinity-emb with a model of the same size, and ours, one after the other."""

import re
import shutil
import socket
import subprocess
from pathlib import Path
from statistics import median

import orjson
from shared.report import paragraph, progress, row, table, verdict

from es_jina.paths import cache_folder
from serving.checkpoint import short_texts
from serving.client import load
from serving.process import Running, running, running_server
from serving.together import CLIENTS, requests

# What it leaves open and newer ones break: its typer knows no newer click.
PACKAGES = ("infinity-emb[torch,server]==0.0.78", "click<8.2")
_READY = re.compile("Uvicorn running on")
_MAKE = Path(__file__).parent / "peer_model.py"
_BULK, _LONE = 64, 60


def measure(model: Path, rounds: int, seconds: float, threads: int) -> None:
    """Print the table, or why there is none.

    Args:
        model: our checkpoint, whose sizes and tokenizer the peer's gets.
        rounds: how many.
        seconds: of a round, about.
        threads: of torch.
    """
    try:
        python = _installed()
        theirs = _peer_model(python, model)
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", None) or str(error)
        print(f"{PACKAGES[0]} does not install or run here: {told.strip()[-500:]}")
        return
    port = _free_port()
    command = _command(python, theirs, port)
    with (
        running_server(model, threads) as ours,
        running(command, threads, _READY, port=port) as peer,
    ):
        _compare(ours, peer, rounds, seconds)


def _compare(ours: Running, peer: Running, rounds: int, seconds: float) -> None:
    probe = short_texts(2 * CLIENTS, seed=-1)
    for server, made in ((peer, _theirs), (ours, _ours)):
        taken = load(server.port, made(probe, 1), CLIENTS).seconds
    count = max(2 * CLIENTS, round(len(probe) / taken * seconds / CLIENTS) * CLIENTS)
    print(
        paragraph(
            f"{PACKAGES[0]}, its torch engine in float32, with a Qwen2 of the same sizes and the "
            "same tokenizer, without adapters; ours has them. Rounds alternate; the figures are "
            "medians, CPU is that of the server's process. `times` is ours to the peer's within a "
            "round."
        )
    )
    print(table("requests", "ours", "infinity", "times", "ours, CPU ms/text", "its CPU", ""))
    for name, size, clients in (
        (f"{CLIENTS} clients, 1 text a request", 1, CLIENTS),
        (f"8 clients, {_BULK} texts a request", _BULK, 8),
        ("1 client, 1 text a request", 1, 1),
    ):
        each = count if clients > 1 else _LONE
        _line(name, (ours, peer), size, clients, count=each, rounds=rounds)


def _line(
    name: str, servers: tuple[Running, Running], size: int, clients: int, *, count: int, rounds: int
) -> None:
    rates: tuple[list[float], list[float]] = ([], [])
    cpus: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        progress(f"peer: {name}, round {number + 1}")
        texts = short_texts(count, seed=number)
        for which in (0, 1) if number % 2 else (1, 0):
            server, made = servers[which], (_ours, _theirs)[which]
            cpu = server.cpu
            rates[which].append(count / load(server.port, made(texts, size), clients).seconds)
            cpus[which].append(1000 * (server.cpu - cpu) / count)
    times = median(a / b for a, b in zip(*rates, strict=True))
    print(row(name, *(f"{median(each):.1f} texts/s" for each in rates), f"{times:.2f}",
              *(f"{median(each):.2f}" for each in cpus), f"ahead: {verdict(-times, -1)}"),
          flush=True)  # fmt: skip


def _ours(texts: list[str], size: int) -> list[bytes]:
    return requests(texts, size)


def _theirs(texts: list[str], size: int) -> list[bytes]:
    # The same prompt as ours puts in front.
    return requests([f"Passage: {text}" for text in texts], size, path="/embeddings", model="peer")


def _installed() -> Path:
    """Return the Python that has the peer, in an environment of its own."""
    folder = cache_folder() / "infinity-emb"
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        uv = shutil.which("uv") or str(Path(__file__).parents[2] / ".uv/bin/uv")
        progress(f"installing {PACKAGES[0]}")
        _run(uv, "venv", "--clear", "--python", "3.11", str(folder))
        _run(uv, "pip", "install", "--python", str(python), *PACKAGES)
        (folder / "installed").touch()
    return python


def _peer_model(python: Path, model: Path) -> Path:
    """Write the peer's model beside ours."""
    config = orjson.loads((model / "config.json").read_bytes())["text_config"]
    names = ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers",
             "num_key_value_heads", "vocab_size", "rms_norm_eps", "rope_theta")  # fmt: skip
    folder = model.parent / "peer"
    sizes = orjson.dumps({name: config[name] for name in names}).decode()
    _run(str(python), str(_MAKE), str(model / "tokenizer.json"), sizes, str(folder))
    return folder


def _command(python: Path, model: Path, port: int) -> list[str]:
    return [
        "env", "DO_NOT_TRACK=1", "INFINITY_ANONYMOUS_USAGE_STATS=0", "HF_HUB_OFFLINE=1",
        str(python.parent / "infinity_emb"), "v2", "--model-id", str(model),
        "--served-model-name", "peer", "--engine", "torch", "--device", "cpu", "--dtype", "float32",
        "--batch-size", str(CLIENTS), "--no-bettertransformer", "--no-trust-remote-code",
        "--no-model-warmup",
        "--host", "127.0.0.1", "--port", str(port), "--log-level", "info",
    ]  # fmt: skip


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
