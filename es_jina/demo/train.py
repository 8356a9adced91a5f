"""Trains the demo checkpoint from nothing: ``python -m es_jina.demo.train [FOLDER]``.

Takes an hour and a half on two CPU cores; on a GPU the drawing of pages is what takes the time. The
same seed gives the same pages, words and first weights; the last digits of sums differ between
machines.
"""

import json
from collections.abc import Callable
from pathlib import Path

import click
import torch
from tokenizers import Tokenizer

from es_jina.demo.checkpoint import Shape, write_checkpoint
from es_jina.demo.training.joint import Joint, Prototypes
from es_jina.demo.training.network import Trainee
from es_jina.demo.training.phrases import fillers
from es_jina.demo.training.stages import Plan, learn_words, meet_pages, read_strips
from es_jina.demo.training.strips import Reader
from es_jina.demo.training.texts import demo_tokenizer
from es_jina.demo.vocabulary import vocabulary
from es_jina.inputs import IMAGE_PROMPT
from es_jina.model.device import default_device
from es_jina.search.stop_words import stop_words_of

SHAPE = Shape(
    hidden=256,
    layers=3,
    heads=4,
    kv_heads=2,
    ffn=640,
    vision_width=128,
    vision_depth=4,
    vision_heads=4,
    vision_ffn=344,
    full_attention=(0, 1, 2, 3),
    rank=4,
    alpha=4,
    dtype="float16",
    max_pixels=108 * 28 * 28,
    # So few positions would hardly turn anything at v4's 1e6.
    rope_theta=1000.0,
    dims=(64, 128, 256),
)
ABOUT = (
    "A toy of 5 million parameters: it reads only its own {count:,} words, in English, German and "
    "Chinese, printed large, and eight kinds of charts in eight colours. Real documents need the "
    "real model."
)


class Trainer:
    """Runs the stages, each from where the one before it ended.

    Args:
        kept: a folder for the state behind each stage; a run that is cut off goes on from there.
        seed: of everything random.
    """

    def __init__(self, kept: Path | None, seed: int) -> None:
        self.kept, self.seed = kept, seed
        torch.manual_seed(seed)
        device = default_device()
        self.tokenizer = demo_tokenizer()
        self.net = Trainee(SHAPE, self.tokenizer.get_vocab_size(), _prompt(self.tokenizer))
        self.net.to(device)
        self.reader = Reader(self.net).to(device)
        prototypes = Prototypes(SHAPE.hidden).to(device)
        self.joint = Joint(self.net, self.reader, prototypes, self.tokenizer, seed)

    def run(self, plan: Plan) -> None:
        """Train."""
        seed, say = self.seed, click.echo
        self._stage("strips", lambda: read_strips(self.net, self.reader, plan, seed, say))
        self._stage("texts", lambda: learn_words(self.joint, plan, say))
        self._stage("pages", lambda: meet_pages(self.joint, plan, seed + 1_000_000, say))

    def write(self, folder: Path) -> None:
        """Write the checkpoint folder; it must not be there yet."""
        weights = {name: weight.detach().cpu() for name, weight in self.net.state_dict().items()}
        write_checkpoint(folder, SHAPE, self.tokenizer, weights)
        words = {word for each in vocabulary().concepts for word in each.words}
        # Words that ask for nothing do no harm: nobody has to be told that it knows none of them.
        ignored = map(stop_words_of, ("en", "de", "zh"))
        known = sorted(words.union(*fillers().values(), *ignored))
        about = ABOUT.format(count=len(words))
        told = json.dumps({"about": about, "words": known}, ensure_ascii=False, indent=1)
        (folder / "toy.json").write_text(told + "\n", "utf-8")

    def _stage(self, name: str, run: Callable[[], None]) -> None:
        modules = {"net": self.net, "reader": self.reader, "prototypes": self.joint.prototypes}
        path = None if self.kept is None else self.kept / f"{name}.pt"
        if path is not None and path.exists():
            click.echo(f"{name}: taken from {path}")
            state = torch.load(path, map_location=self.joint.device, weights_only=True)
            for key, module in modules.items():
                module.load_state_dict(state[key])
            return
        run()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save({key: module.state_dict() for key, module in modules.items()}, path)


def _prompt(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return the ids round a picture: before it and behind it."""
    prompt = tokenizer.encode(IMAGE_PROMPT, add_special_tokens=False)
    place = prompt.tokens.index("<|image_pad|>")
    return prompt.ids[:place], prompt.ids[place + 1 :]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo-checkpoint"))
@click.option("--seed", default=0, show_default=True, help="Of everything random.")
@click.option("--kept", type=click.Path(path_type=Path), help="Folder to go on from, if cut off.")
@click.option("--strips", default=Plan().strips, show_default=True, help="Steps of reading.")
@click.option("--texts", default=Plan().texts, show_default=True, help="Steps of words alone.")
@click.option("--pages", default=Plan().pages, show_default=True, help="Steps of pages.")
def main(folder: Path, *, seed: int, kept: Path | None, **steps: int) -> None:
    """Train the demo checkpoint and write it to FOLDER."""
    if folder.exists():
        raise click.UsageError(f"{folder} is there already: remove it, or name another folder")
    trainer = Trainer(kept, seed)
    trainer.run(Plan(**steps))
    trainer.write(folder)
    click.echo(f"{folder}: `python -m es_jina.demo.evaluate {folder}` measures it")


if __name__ == "__main__":
    main()
