"""`docs/api.md`: what the docstrings of the public names say."""

import re
from collections.abc import Iterable, Iterator
from functools import cache

import griffe

import es_jina

from .blocks import ROOT

TOP = """\
# The library

Every public name: what `from es_jina import NAME` gives. All of them load on first use, so `import
es_jina` brings in neither torch nor a web client. This page is generated from the docstrings (`make
docs`); examples are in [the other documents](README.md).

Arrays are numpy's, float32, with the shape that is told. Every error that es_jina raises on purpose
is an [`EsJinaError`](#esjinaerror); its message is one line that says what is wrong and what to do.
"""
# What stands before the first argument, and what is no member that a caller uses.
_BOUND = ("self", "cls")
_ROLE = re.compile(r":(?:class|meth|func|data|attr|exc|mod):`~?\.?([^`]+)`")


def text() -> str:
    """Return the page."""
    names = sorted(documented(), key=str.lower)
    contents = "".join(f"* [`{name}`](#{name.lower()}): {gist(name)}\n" for name in names)
    return "".join([TOP, "\n", contents, *(f"\n{section(name)}" for name in names)])


@cache
def package() -> griffe.Module:
    """Return the package as its source says."""
    found = griffe.load("es_jina", search_paths=[ROOT], docstring_parser="google")
    assert isinstance(found, griffe.Module)
    return found


def documented() -> dict[str, griffe.Object]:
    """Return the public names that have a section, and what they stand for."""
    return {
        name: _target(f"{es_jina._HOMES[name]}.{name}")
        for name in es_jina.__all__
        if name != "__version__"
    }


def _target(path: str) -> griffe.Object:
    found = package()[path]
    return found.final_target if isinstance(found, griffe.Alias) else found


def gist(name: str) -> str:
    """Return the first line of a docstring."""
    return _plain(_said(documented()[name]).splitlines()[0])


def members(owner: griffe.Class) -> Iterator[griffe.Function | griffe.Attribute]:
    """Yield the methods and properties that a caller uses, those of base classes last."""
    for name, member in {**owner.inherited_members, **owner.members}.items():
        found = member.final_target if isinstance(member, griffe.Alias) else member
        if name.startswith("_"):
            continue
        if isinstance(found, griffe.Function) or (
            isinstance(found, griffe.Attribute) and "property" in found.labels
        ):
            yield found


def section(name: str) -> str:
    """Return the section of one public name."""
    thing = documented()[name]
    lines = [f"## {name}\n", f"`{thing.canonical_path.removesuffix('.' + name)}`\n"]
    if isinstance(thing, griffe.Class):
        lines += [*_class(name, thing)]
    else:
        lines += [*_function(name, thing)]
    return "\n".join(lines)


def _class(name: str, thing: griffe.Class) -> Iterator[str]:
    begun = thing.members.get("__init__")
    if isinstance(begun, griffe.Function) and _has_arguments(begun):
        yield _signature(name, begun)
    yield from _told(thing)
    if isinstance(begun, griffe.Function) and begun.docstring:
        yield from _told(begun, without_text=True)
    values = [
        each
        for each in thing.members.values()
        if isinstance(each, griffe.Attribute) and each.name.isupper()
    ]
    if values:
        yield "\n".join(f"* `{name}.{each.name}`" for each in values) + "\n"
    for member in members(thing):
        yield f"### {name}.{member.name}\n"
        if isinstance(member, griffe.Function):
            yield _signature(member.name, member)
        elif member.annotation:
            yield f"`{member.annotation}`\n"
        yield from _told(member)


def _function(name: str, thing: griffe.Object) -> Iterator[str]:
    assert isinstance(thing, griffe.Function)
    yield _signature(name, thing)
    yield from _told(thing)


def _has_arguments(function: griffe.Function) -> bool:
    return any(each.name not in _BOUND for each in function.parameters)


def _signature(name: str, function: griffe.Function) -> str:
    arguments: list[str] = []
    starred = False
    for each in function.parameters:
        if each.name in _BOUND:
            continue
        if each.kind is griffe.ParameterKind.keyword_only and not starred:
            starred = True
            arguments.append("*")
        annotation = f": {each.annotation}" if each.annotation else ""
        default = f" = {each.default}" if each.default is not None else ""
        mark = {"variadic positional": "*", "variadic keyword": "**"}.get(
            each.kind.value if each.kind else "", ""
        )
        starred = starred or mark == "*"
        shown = "" if mark else default
        arguments.append(f"{mark}{each.name}{annotation}{shown}")
    returned = f" -> {function.returns}" if function.returns and name == function.name else ""
    before = "async " if "async" in function.labels else ""
    line = f"{before}{name}({', '.join(arguments)}){returned}"
    if len(line) > 90:
        inner = "".join(f"    {each},\n" for each in arguments)
        line = f"{before}{name}(\n{inner}){returned}"
    return f"```text\n{line}\n```\n"


def _said(thing: griffe.Object) -> str:
    assert thing.docstring is not None, f"{thing.canonical_path} has no docstring"
    return thing.docstring.value


def _told(thing: griffe.Object, *, without_text: bool = False) -> Iterator[str]:
    assert thing.docstring is not None, f"{thing.canonical_path} has no docstring"
    for part in thing.docstring.parse("google", returns_multiple_items=False):
        match part:
            case griffe.DocstringSectionText():
                if not without_text:
                    yield f"{_plain(part.value)}\n"
            case griffe.DocstringSectionParameters():
                yield _list("Args", ((each.name, each.description) for each in part.value))
            case griffe.DocstringSectionAttributes():
                yield _list("Attributes", ((each.name, each.description) for each in part.value))
            case griffe.DocstringSectionReturns():
                yield "".join(f"**Returns** {_line(each.description)}\n" for each in part.value)
            case griffe.DocstringSectionRaises():
                raised = ((str(each.annotation), each.description) for each in part.value)
                yield _list("Raises", raised)
            case _:
                raise AssertionError(f"{thing.canonical_path}: no place for {part.kind}")


def _list(title: str, entries: Iterable[tuple[str, str]]) -> str:
    lines = (f"* `{name}`: {_line(told)}\n" for name, told in entries)
    return f"**{title}**\n\n{''.join(lines)}"


def _line(told: str) -> str:
    return _plain(" ".join(told.split()))


def _plain(told: str) -> str:
    """Return what Sphinx's marks say in Markdown."""
    return _ROLE.sub(lambda role: f"`{role[1]}`", told).replace("``", "`")
