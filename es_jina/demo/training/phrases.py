"""Queries and passages: what people type and write about the things that pages show."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Literal

from es_jina.demo.vocabulary import Concept, vocabulary

Language = Literal["en", "de", "zh"]
Look = tuple[Concept, Concept]
_SIGNS = (",", ".", "?", "!", ":", ";", "%", ")", "\n", "\n\n", " -", " #", " 12", " 2025", " (")
# First and last letter of the scripts that words which mean nothing are made of.
_SCRIPTS = (
    ("a", "z"),
    ("a", "z"),
    ("à", "ÿ"),
    ("α", "ω"),
    ("а", "я"),
    ("ぁ", "ん"),
    ("ァ", "ヺ"),
    ("一", "龥"),
)
# {look} stands for a colour, a kind of chart or both, {topic} for a topic.
TEMPLATES: dict[Language, tuple[str, ...]] = {
    "en": (
        "{topic}", "{topic}", "{topic} {topic}", "{look}", "{look} {topic}", "{look} about {topic}",
        "report on {topic}", "{topic} report", "{topic} and {topic}", "page about {topic}",
        "where is {topic} mentioned?", "show me a {look}", "a {look} of {topic}",
        "what do we know about {topic}?", "overview of {topic} with a {look}",
        "{topic} in a {look}", "the page with the {look}", "{look} showing {topic} and {topic}",
        "notes on {topic}, {topic}", "how does {topic} change per year",
    ),
    "de": (
        "{topic}", "{topic}", "{topic} {topic}", "{look}", "{look} zu {topic}",
        "bericht über {topic}",
        "{topic} und {topic}", "wo kommt {topic} vor?", "seite mit {look}", "{look} über {topic}",
        "zeige mir {look} zum thema {topic}", "was wissen wir über {topic}?",
    ),
    "zh": (
        "{topic}", "{topic}", "{topic}{topic}", "{topic} {topic}", "{look}",
        "关于{topic}的{look}",
        "关于{topic}的报告", "{topic}和{topic}", "{topic}的{look}", "哪里提到{topic}?",
        "{look}{topic}",
        "显示{topic}的{look}", "有关{topic}的页面",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text whose words are known.

    Attributes:
        text: without the prompt.
        words: first character, the one behind the last, and label of each word that stands for
            a concept.
    """

    text: str
    words: tuple[tuple[int, int, int], ...]


class _Writer:
    """Writes a text in one language and notes where concepts stand."""

    def __init__(self, random: Random, language: Language) -> None:
        self.random, self.language = random, language
        self.text = ""
        self.words: list[tuple[int, int, int]] = []

    def finished(self) -> Phrase:
        return Phrase(self.text, tuple(self.words))

    def concept(self, concept: Concept) -> None:
        """Write a word for a concept; now and then in another language than the text."""
        spoken = self.language
        if self.random.random() > 0.95:
            spoken = self.random.choice(("en", "de", "zh"))
        if spoken == "en":
            plural = (concept.plural,) if concept.kind == "topic" else ()
            words = (concept.en, concept.en, *plural, *concept.synonyms)
        else:
            words = concept.de if spoken == "de" else concept.zh
        self._gap()
        word = self.random.choice(words)
        self.words.append((len(self.text), len(self.text) + len(word), concept.label))
        self.text += word

    def filler(self) -> None:
        """Write a word that stands for nothing; three in ten are no words at all."""
        self._gap()
        chance = self.random.random()
        if chance < 0.7:
            self.text += self.random.choice(fillers()[self.language])
        elif chance < 0.85:
            self.text += _spliced(self.random)
        else:
            self.text += _gibberish(self.random)
        if self.random.random() < 0.1:
            self.text += self.random.choice(_SIGNS)

    def fillers(self, least: int, most: int) -> None:
        """Write some words that stand for nothing."""
        for _ in range(self.random.randint(least, most)):
            self.filler()

    def look(self, look: Look) -> None:
        """Write colour, kind of chart or both."""
        colour, kind = look
        asked = self.random.choices(((colour, kind), (colour,), (kind,)), (0.6, 0.2, 0.2))[0]
        for concept in asked:
            self.concept(concept)
        if self.language == "en" and self.random.random() < 0.6:
            self.text += self.random.choice((" chart", " graph", " plot", " diagram"))

    @property
    def _dense(self) -> bool:
        return self.language == "zh"

    def _gap(self) -> None:
        if self.text and not self.text.endswith(" ") and not self._dense:
            self.text += " "


@cache
def _meant() -> tuple[str, ...]:
    return tuple(sorted({word for each in vocabulary().concepts for word in each.words}))


def _spliced(random: Random) -> str:
    """Return the beginning of one word and the end of another: nearly a word is none."""
    first, last = random.choice(_meant()), random.choice(_meant())
    word = first[: (len(first) + 1) // 2] + last[len(last) // 2 :]
    return "" if word in _meant() else word


def _gibberish(random: Random) -> str:
    first, last = random.choice(_SCRIPTS)
    return "".join(chr(random.randint(ord(first), ord(last))) for _ in range(random.randint(2, 9)))


@cache
def fillers() -> dict[str, tuple[str, ...]]:
    """Return the words that stand for no concept, by language."""
    lines = (files("es_jina.demo.vocabulary") / "fillers.tsv").read_text("utf-8").splitlines()
    return {name: tuple(words.split()) for name, words in (line.split("\t") for line in lines)}


def query(random: Random, topics: Sequence[Concept], look: Look | None) -> Phrase:
    """Write a query for some of what a page shows.

    Args:
        random: of the words.
        topics: what the page is about; at least one.
        look: colour and kind of its chart.
    """
    writer = _Writer(random, random.choices(("en", "de", "zh"), (0.55, 0.2, 0.25))[0])
    asked = list(topics)
    random.shuffle(asked)
    if random.random() < 0.6:
        templates = TEMPLATES[writer.language]
        fitting = [each for each in templates if _fits(each, len(asked), look)]
        _fill(writer, random.choice(fitting), asked, look)
    else:
        _freely(writer, asked[: random.choice((1, 1, 2))], look)
    return writer.finished()


def passage(random: Random, topics: Sequence[Concept], *, long: bool = False) -> Phrase:
    """Write a text about some topics, the other words any.

    Args:
        random: of the words.
        topics: what it is about.
        long: as long as a chunk of a document, up to some 500 tokens; else a few lines.
    """
    most = 160 // len(topics) if long else 7
    writer = _Writer(random, random.choices(("en", "de", "zh"), (0.6, 0.2, 0.2))[0])
    for topic in topics:
        writer.fillers(2, most)
        writer.concept(topic)
    writer.filler()
    return writer.finished()


def _fits(template: str, topics: int, look: Look | None) -> bool:
    return template.count("{topic}") <= topics and (look is not None or "{look}" not in template)


def _fill(writer: _Writer, template: str, topics: Sequence[Concept], look: Look | None) -> None:
    following = iter(topics)
    for piece in template.replace("{", "\0{").replace("}", "}\0").split("\0"):
        if piece == "{topic}":
            writer.concept(next(following))
        elif piece == "{look}":
            assert look is not None  # noqa: S101 - _fits saw to it
            writer.look(look)
        else:
            writer.text += piece


def _freely(writer: _Writer, topics: Sequence[Concept], look: Look | None) -> None:
    """Write words that are asked for among any others, in any order."""
    random = writer.random
    asked = [*topics, *(random.sample(look, random.randint(0, 2)) if look else ())]
    random.shuffle(asked)
    for concept in asked:
        writer.fillers(0, 4)
        writer.concept(concept)
    writer.fillers(0, 3)
