"""The pages that are made from the source are current, and the source tells all they need."""

import ast
import re
from pathlib import Path

import griffe
import pytest

from tests import make_docs

from . import api_page

# A docstring may leave to another one what the two have in common.
REFERS = re.compile(r"see (the )?:(meth|class):|the same|The same|see AsyncHosted")


@pytest.mark.parametrize("name", make_docs.PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    written = (make_docs.DOCS / name).read_text("utf-8")
    assert written == make_docs.PAGES[name](), f"docs/{name} is out of date: run `make docs`"


@pytest.mark.parametrize("name", api_page.documented())
def test_a_public_name_says_what_it_takes_and_raises(name: str) -> None:
    thing = api_page.documented()[name]
    for function in functions(thing):
        where = function.canonical_path
        assert function.docstring is not None, where
        if REFERS.search(function.docstring.value):
            continue
        parts = {part.kind.value: part for part in function.docstring.parsed}
        taken = {each.name for each in function.parameters if each.name not in ("self", "cls")}
        said = {each.name for each in parts["parameters"].value} if "parameters" in parts else set()
        # Of a single argument the first line may say enough.
        assert said == taken or (not said and len(taken) < 2), where
        if raises(function):
            assert "raises" in parts, f"{where} does not say what it raises"


def functions(thing: griffe.Object) -> list[griffe.Function]:
    if isinstance(thing, griffe.Function):
        return [thing]
    assert isinstance(thing, griffe.Class)
    methods = [each for each in api_page.members(thing) if isinstance(each, griffe.Function)]
    begun = thing.members.get("__init__")
    if isinstance(begun, griffe.Function) and begun.docstring:
        methods.append(begun)
    return methods


def raises(function: griffe.Function) -> bool:
    """Say whether a function itself raises an error of ours."""
    assert isinstance(function.filepath, Path)
    tree = ast.parse(function.filepath.read_text("utf-8"))
    (node,) = (
        each
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        and each.name == function.name
        and each.lineno
        <= (function.lineno or 0) + len(function.decorators)
        <= (each.end_lineno or 0)
    )
    return any(
        isinstance(each, ast.Raise)
        and isinstance(each.exc, ast.Call)
        and isinstance(each.exc.func, ast.Name)
        and each.exc.func.id.endswith("Error")
        for each in ast.walk(node)
    )
