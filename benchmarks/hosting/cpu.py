"""CPU for vectors of texts: ours, and the two clients that people use otherwise."""

import random
import warnings
from collections.abc import Callable, Sequence
from statistics import median

import httpx
import numpy as np
from shared.report import machine, paragraph, progress, row, table, verdict
from shared.turns import Cost, Work, costs_in_turns

from es_jina.embedding import Embedding, Vector, unit
from es_jina.inputs import Task, Text
from es_jina.providers.base import Want
from es_jina.providers.encodings import EmbeddingType
from es_jina.providers.hosted import HostedProvider
from es_jina.testing import KEY, StubLimits
from hosting.stub import running_stub

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it is being retired
    from langchain_community.embeddings import JinaEmbeddings, jina
from llama_index.embeddings.jinaai import JinaEmbedding

TEXTS, SHORTEST, LONGEST = 1_000, 300, 2_000
MODEL, DIMS = "jina-embeddings-v4", 2048
# As many as are within the tokens of a request. LlamaIndex sends 10 where nobody says; LangChain
# all at once, which the API refuses.
BATCH, LLAMA_BATCH = 100, 10
OURS, PLAIN = "ours, base64", "ours, plain numbers"
TARGET = 3.0
PACKAGES = ("numpy", "httpx", "orjson", "langchain-community", "llama-index-embeddings-jinaai")
_WORDS = "heat pump ice fan filter coffee harvest price road bicycle lane tide".split()  # noqa: SIM905

Embed = Callable[[list[str]], Sequence[object]]


def measure(rounds: int) -> None:
    """Print the table."""
    print(f"## CPU\n\n{machine(*PACKAGES)}.\n")
    texts = _texts()
    with running_stub(StubLimits()) as url:
        received = {
            OURS: _megabytes(url, texts, "base64", "identity"),
            PLAIN: _megabytes(url, texts, "float", "gzip"),
        }
        peers = _megabytes(url, texts, "float", "identity")
        costs = _costs(url, texts, rounds)
    print(
        paragraph(
            f"{TEXTS:,} texts of {SHORTEST} to {LONGEST:,} letters to single vectors of {DIMS} "
            f"dims of {MODEL}, from the stub in a process of its own; {rounds} rounds, "
            "alternating, medians. CPU is that of this process, all its threads included. The "
            "peers ask for plain numbers and have no other form with all of the vector; they are "
            f"given batches of {BATCH} texts, which is about what fits a request, and LlamaIndex "
            f"its own of {LLAMA_BATCH} too. `less` is how many times the CPU of ours in base64, "
            "its default."
        )
    )
    print(
        table("client", "CPU, ms for 1,000 vectors", "less", "vectors/s", "MB received", "target")
    )
    for name, client in costs.items():
        # Within a round, what else the machine does slows all.
        less = median(a.cpu / b.cpu for a, b in zip(client, costs[OURS], strict=True))
        print(
            row(
                name,
                f"{median(cost.cpu for cost in client) * 1000:.0f}",
                f"{less:.1f}x",
                f"{TEXTS / median(cost.wall for cost in client):,.0f}",
                f"{received.get(name, peers):.1f}",
                "" if name.startswith("ours") else _verdict(less),
            )
        )


def _costs(url: str, texts: list[str], rounds: int) -> dict[str, list[Cost]]:
    with _Ours(url, "base64") as base64, _Ours(url, "float") as plain:
        clients: dict[str, Embed] = {
            OURS: base64.embed,
            PLAIN: plain.embed,
            f"LangChain, batches of {BATCH}": _langchain(url),
            f"LlamaIndex, batches of {BATCH}": _llama_index(url, BATCH),
            f"LlamaIndex, batches of {LLAMA_BATCH}": _llama_index(url, LLAMA_BATCH),
        }
        _check(clients, texts[:BATCH])
        progress("cpu: in turns")
        works = {name: _work(embed, texts) for name, embed in clients.items()}
        return costs_in_turns(works, rounds)


def _verdict(less: float) -> str:
    return f"at least {TARGET:.0f}x: {verdict(-less, -TARGET)}"


def _megabytes(url: str, texts: list[str], embedding_type: str, accepted: str) -> float:
    """Return how long the answers are on the wire.

    Args:
        url: of the stub.
        texts: to embed.
        embedding_type: the form of the vectors.
        accepted: encodings of the answer; the peers refuse compression.
    """
    headers = {"Authorization": f"Bearer {KEY}", "Accept-Encoding": accepted}
    sizes = []
    with httpx.Client(headers=headers) as client:
        for first in range(0, len(texts), BATCH):
            part = texts[first : first + BATCH]
            body = {"model": MODEL, "embedding_type": embedding_type, "input": part}
            reply = client.post(f"{url}/v1/embeddings", json=body).raise_for_status()
            sizes.append(reply.num_bytes_downloaded)
    return sum(sizes) / 1e6


class _Ours:
    """Our provider as a function of texts."""

    def __init__(self, url: str, embedding_type: EmbeddingType) -> None:
        self._provider = HostedProvider(KEY, base_url=url, embedding_type=embedding_type)

    def embed(self, texts: list[str]) -> list[Vector]:
        """Embed as many as there are, in one call."""
        found = self._provider.embed(
            [Text(text) for text in texts], Task.TEXT_MATCHING, Want.SINGLE
        )
        embeddings = [each for each in found if isinstance(each, Embedding)]
        return [each.single for each in embeddings if each.single is not None]

    def __enter__(self) -> "_Ours":
        return self

    def __exit__(self, *error: object) -> None:
        self._provider.close()


def _langchain(url: str) -> Embed:
    # The address is a constant of the module.
    jina.JINA_API_URL = f"{url}/v1/embeddings"
    client = JinaEmbeddings(jina_api_key=KEY, model_name=MODEL)

    def embed(texts: list[str]) -> list[list[float]]:
        parts = (texts[first : first + BATCH] for first in range(0, len(texts), BATCH))
        return [vector for part in parts for vector in client.embed_documents(part)]

    return embed


def _llama_index(url: str, batch: int) -> Embed:
    client = JinaEmbedding(api_key=KEY, model=MODEL, embed_batch_size=batch)
    client._api.api_url = f"{url}/v1/embeddings"  # there is no option for it
    return client.get_text_embedding_batch  # type: ignore[no-any-return]


def _work(embed: Embed, texts: list[str]) -> Work:
    return lambda _: embed(texts)


def _check(clients: dict[str, Embed], texts: list[str]) -> None:
    """Warm all up, and see that they answer the same."""
    first, *others = (unit(np.array(embed(texts), np.float32)) for embed in clients.values())
    assert first.shape == (len(texts), DIMS)
    assert all(np.allclose(first, other, atol=1e-6) for other in others)


def _texts() -> list[str]:
    rng = random.Random(0)
    return [_text(rng, rng.randint(SHORTEST, LONGEST)) for _ in range(TEXTS)]


def _text(rng: random.Random, letters: int) -> str:
    return " ".join(rng.choices(_WORDS, k=letters // 3))[:letters]
