"""The three stages of training: read strips, learn words, bring pages and queries together."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from random import Random

import torch
from torch import Tensor, nn

from es_jina.demo.training.batches import Pages, drawn_ahead
from es_jina.demo.training.joint import Joint
from es_jina.demo.training.network import Trainee
from es_jina.demo.training.strips import Reader, pixels_of

Say = Callable[[str], object]
# Each drawn batch is trained on that often: drawing takes nearly as long as a step on strips.
_USES = 2
_KEPT = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is trained; the defaults are those of the shipped weights.

    Attributes:
        strips: steps of reading.
        texts: steps of words alone.
        pages: steps of pages.
        strip_batch: strips in a step.
        page_batch: pages in a step.
        text_batch: queries in a step of words alone.
    """

    strips: int = 1450
    texts: int = 120
    pages: int = 850
    strip_batch: int = 192
    page_batch: int = 48
    text_batch: int = 128


class Stage:
    """Steps of one optimiser, with a rate that rises, stays and falls."""

    def __init__(self, modules: Sequence[nn.Module], rate: float, steps: int, say: Say) -> None:
        self.weights = [weight for each in modules for weight in each.parameters()]
        self.optimiser = torch.optim.AdamW(self.weights, rate, betas=(0.9, 0.95), weight_decay=0.02)
        self.rate, self.steps, self.say = rate, steps, say
        self.began = time.monotonic()

    def run(self, name: str, loss_of: Callable[[], tuple[Tensor, str]]) -> None:
        """Take all steps.

        Args:
            name: of the stage, for people.
            loss_of: makes the next loss, and says how it went.
        """
        device = self.weights[0].device.type
        for step in range(self.steps):
            for group in self.optimiser.param_groups:
                group["lr"] = self.rate * _share(step, self.steps)
            with torch.autocast(device, torch.bfloat16):
                loss, told = loss_of()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(self.weights, 1.0)
            self.optimiser.step()
            self.optimiser.zero_grad()
            if step % 20 == 0 or step == self.steps - 1:
                seconds = time.monotonic() - self.began
                self.say(f"{name} {step + 1}/{self.steps}  {seconds:5.0f} s  {told}")


def _share(step: int, steps: int) -> float:
    """Return which share of the full rate a step takes: a short rise, then from 60 % on a fall."""
    rise = min(1.0, (step + 1) / 60)
    fall = min(1.0, (steps - step) / (0.4 * steps))
    return max(0.02, rise * fall)


def read_strips(net: Trainee, reader: Reader, plan: Plan, seed: int, say: Say) -> None:
    """Teach the vision tower letters and words."""
    device = next(net.parameters()).device
    batches = _reused(drawn_ahead(seed, plan.strip_batch, dense=None), seed)

    def loss_of() -> tuple[Tensor, str]:
        batch = next(batches)
        seen, cells = net.visual(pixels_of(batch, device), batch.grid)
        loss, read = reader.loss(seen, cells, batch)
        return loss, f"loss {loss.item():6.3f}  words read {read:.3f}"

    Stage([net.visual, reader], 2e-3, plan.strips, say).run("strips", loss_of)
    batches.close()


def learn_words(joint: Joint, plan: Plan, say: Say) -> None:
    """Teach the language model the words of texts."""

    def loss_of() -> tuple[Tensor, str]:
        loss, known = joint.texts_alone(plan.text_batch)
        return loss, f"loss {loss.item():6.3f}  words known {known:.3f}"

    net = joint.net
    modules = [net.model, net.multi_vector_projector, joint.prototypes]
    Stage(modules, 2e-3, plan.texts, say).run("texts", loss_of)


def meet_pages(joint: Joint, plan: Plan, seed: int, say: Say) -> None:
    """Bring pages and texts together: first pages full of words, then more and more plain ones."""
    half = plan.pages // 2
    batches = chain(
        _taken(drawn_ahead(seed, plan.page_batch, dense=0.65), half),
        _taken(drawn_ahead(seed + half, plan.page_batch, dense=0.35), plan.pages - half),
    )

    def loss_of() -> tuple[Tensor, str]:
        loss, went = joint.pages(next(batches))
        words, _ = joint.texts_alone(plan.text_batch // 4)
        told = f"cells {went.cells:.3f}  words {went.words:.3f}  queries {went.queries:.3f}"
        return loss + 0.5 * words, f"loss {went.loss:6.3f}  {told}"

    Stage([joint.net, joint.reader, joint.prototypes], 1.2e-3, plan.pages, say).run(
        "pages", loss_of
    )


def _taken(batches: Generator[Pages, None, None], count: int) -> Iterator[Pages]:
    for _ in range(count):
        yield next(batches)
    batches.close()


def _reused(fresh: Iterator[Pages], seed: int) -> Generator[Pages, None, None]:
    """Yield each batch several times, far apart."""
    random, kept = Random(seed), list[Pages]()
    while True:
        kept.append(next(fresh))
        yield kept[-1]
        for _ in range(_USES - 1):
            yield random.choice(kept)
        del kept[:-_KEPT]
