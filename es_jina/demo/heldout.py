"""Pages and queries that the demo model has never seen, to measure it with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from es_jina.demo.synthetic import Page, draw_page, draw_unseen
from es_jina.demo.training.batches import looks
from es_jina.demo.vocabulary import Concept, vocabulary

UNSEEN_PHRASINGS = (
    "could you dig up whatever mentions {topic} for tomorrow's meeting",
    "I am looking for something on {topic}",
    "anything to do with {topic} lately?",
    "slides covering the subject of {topic}, thanks",
    "our department wrote a paper regarding {topic} once",
)


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """A page of the measurement.

    Attributes:
        page: as drawn.
        topics: what it is about.
        look: colour and kind of its chart.
    """

    page: Page
    topics: tuple[Concept, ...]
    look: tuple[Concept, Concept]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query.

    Attributes:
        text: what is typed.
        labels: what a page must show to fit.
    """

    text: str
    labels: frozenset[int]


Ask = Callable[[HeldOut, Random], Asked]


def held_out_pages(count: int, seed: int) -> list[HeldOut]:
    """Draw pages whose pairs of colour and kind were never trained, half in an unseen layout."""
    random, known = Random(seed), vocabulary()
    pairs = looks(held_out=True)
    pages = []
    for number in range(count):
        topics = random.sample(known.topics, random.choice((1, 2, 2, 3)))
        look = random.choice(pairs)
        page = (
            draw_unseen(random, topics, look)
            if number % 2
            else draw_page(known, random, topics, look)
        )
        shown = [topic for topic in topics if topic.label in page.labels]
        pages.append(HeldOut(page, tuple(shown), look))
    return pages


def _of(words: Callable[[Concept], Sequence[str]]) -> Ask:
    """Return what asks by a topic's word of some kind."""

    def ask(page: HeldOut, random: Random) -> Asked:
        topic = random.choice(page.topics)
        return Asked(random.choice(words(topic)), frozenset({topic.label}))

    return ask


def _look(page: HeldOut, random: Random) -> Asked:
    colour, kind = page.look
    return Asked(f"{colour.en} {kind.en} chart", frozenset({colour.label, kind.label}))


def _two_words(page: HeldOut, random: Random) -> Asked:
    topics = random.sample(page.topics, min(2, len(page.topics)))
    return Asked(" and ".join(each.en for each in topics), frozenset(each.label for each in topics))


def _everything(page: HeldOut, random: Random) -> Asked:
    look, topic = _look(page, random), random.choice(page.topics)
    return Asked(f"{look.text} about {topic.en}", look.labels | {topic.label})


def _unseen(page: HeldOut, random: Random) -> Asked:
    topic = random.choice(page.topics)
    return Asked(random.choice(UNSEEN_PHRASINGS).format(topic=topic.en), frozenset({topic.label}))


KINDS: dict[str, Ask] = {
    "colour + type": _look,
    "one word": _of(lambda topic: (topic.en,)),
    "synonym": _of(lambda topic: topic.synonyms),
    "German word": _of(lambda topic: topic.de),
    "Chinese word": _of(lambda topic: topic.zh),
    "two words": _two_words,
    "colour + type + word": _everything,
    "unseen phrasing": _unseen,
}
