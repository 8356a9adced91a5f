"""What callers ask of a provider, held against what can be asked of it."""

from collections.abc import Iterable, Sequence

from es_jina.errors import RequestError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.base import Want


def checked_inputs(inputs: Iterable[Input]) -> list[Input]:
    """Return the inputs as a list.

    Raises:
        RequestError: something that is neither a Text nor an Image.
    """
    if isinstance(inputs, str | bytes | Text | Image):
        raise RequestError("inputs must be a list of Text(...) and Image(...), not one thing alone")
    try:
        found = list(inputs)
    except TypeError:
        raise RequestError(
            f"inputs must be a list of Text(...) and Image(...), not {_kind(inputs)}"
        ) from None
    for number, item in enumerate(found):
        if not isinstance(item, Text | Image):
            raise RequestError(
                f"input {number} is {_kind(item)}: wrap it in Text(...) or Image(...)"
            )
        if isinstance(item, Text) and not isinstance(item.text, str):
            raise RequestError(f"input {number} is a Text of {_kind(item.text)}: it must be a str")
    return found


def checked_tasks(task: Task | Sequence[Task], count: int) -> list[Task]:
    """Return the task of each of so many inputs; names are as good as members.

    Raises:
        RequestError: no such task, or not as many as there are inputs.
    """
    tasks = [task] * count if isinstance(task, str) else list(task)
    if len(tasks) != count:
        raise RequestError(f"{len(tasks)} tasks for {count} inputs: give one, or one for each")
    return [checked_task(each) for each in tasks]


def checked_task(task: Task) -> Task:
    """Return a task; its name is as good.

    Raises:
        RequestError: no such task.
    """
    try:
        return Task(task)
    except ValueError:
        raise RequestError(f"no such task: {task!r}; choose from {', '.join(Task)}") from None


def checked_spans(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans as a list; whether they are within the text is not looked at.

    Raises:
        RequestError: the text is no str, or a span is no pair of whole numbers.
    """
    if not isinstance(text, str):
        raise RequestError(f"the text is a {type(text).__name__}: it must be a str")
    found = list(spans) if isinstance(spans, Iterable) else [spans]
    for span in found:
        if not isinstance(span, Sequence) or [type(border) for border in span] != [int, int]:
            raise RequestError(f"the span {span!r} is no pair of whole numbers (first, end)")
    return [(first, end) for first, end in found]


def check_want(want: Want) -> None:
    """Refuse what is no kind of vector.

    Raises:
        RequestError: neither Want.SINGLE nor Want.MULTI nor both.
    """
    if not isinstance(want, Want) or not want:
        raise RequestError(f"want is {want!r}: choose Want.SINGLE, Want.MULTI or both with |")


def check_max_pixels(max_pixels: int | None) -> None:
    """Refuse a pixel budget that is none; ``None`` is the model's own.

    Raises:
        RequestError: no whole number above 0.
    """
    if max_pixels is None:
        return
    if not isinstance(max_pixels, int) or isinstance(max_pixels, bool) or max_pixels < 1:
        raise RequestError(f"max_pixels is {max_pixels!r}: it must be a whole number above 0")


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
