"""Docstrings name what exists: parameters of the signature, and identifiers of the code."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ["core/tuitrain_core", "tuitrain", "scripts"]
Function = ast.FunctionDef | ast.AsyncFunctionDef
SECTION = re.compile(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n---|\Z)", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: :|$)", re.MULTILINE)
QUOTED = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")

OTHERS = {"ScreenStackError", "sys", "__stdout__", "ast", "unparse"}
"""Names of libraries that docstrings have in backticks, and the code does not use."""


class Module(NamedTuple):
    """What the tests ask of a module: of a parsed one, one is kept in memory at a time."""

    path: str
    documented: list[tuple[str, list[str], set[str], int]]
    names: set[str]
    quoted: list[tuple[int, str]]


@cache
def modules(package: str) -> list[Module]:
    """Read the modules of a package."""
    return [read_module(path) for path in sorted((ROOT / package).rglob("*.py"))]


def read_module(path: Path) -> Module:
    """Read one module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    place = path.relative_to(ROOT)
    names = {part.removesuffix(".py") for part in place.parts}
    for node in ast.walk(tree):
        names |= bound_names(node)
    quoted = [(line, name) for line, text in docstrings(tree) for name in QUOTED.findall(text)]
    return Module(str(place), list(documented(tree)), names, quoted)


def documented(tree: ast.Module) -> Iterator[tuple[str, list[str], set[str], int]]:
    """Yield the docstrings with a list of parameters: the names in it, and those of the code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names = constructor_names(node)
        elif isinstance(node, Function):
            names = argument_names(node)
        else:
            continue
        section = SECTION.search(ast.get_docstring(node) or "")
        if section and names is not None:
            listed = [name for entry in ENTRY.findall(section[1]) for name in entry.split(", ")]
            yield node.name, [name.lstrip("*") for name in listed], names, node.lineno


def argument_names(node: Function) -> set[str]:
    """Return the names of a function's parameters."""
    arguments = node.args
    optional = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return {
        argument.arg
        for argument in [
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            *optional,
        ]
    }


def constructor_names(node: ast.ClassDef) -> set[str] | None:
    """Return the parameters of a class: of its ``__init__``, or its fields; None if inherited."""
    for part in node.body:
        if isinstance(part, Function) and part.name == "__init__":
            return argument_names(part)
    fields = {
        part.target.id
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    }
    return fields or None


@pytest.mark.parametrize("package", PACKAGES)
def test_documented_parameters_are_those_of_the_signature(package):
    wrong = [
        f"{module.path}:{line}: {name}: {parameter}"
        for module in modules(package)
        for name, listed, names, line in module.documented
        for parameter in listed
        if parameter not in names
    ]
    assert wrong == []


@cache
def known_names() -> frozenset[str]:
    """Return every name that the code binds or uses, its modules, and Python's own names."""
    modules_of_all = (module for package in PACKAGES for module in modules(package))
    return frozenset(dir(builtins)).union(*(module.names for module in modules_of_all))


def bound_names(node: ast.AST) -> set[str]:
    """Return the names that a node binds or uses."""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
            return {name}
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return {name}
        case ast.AsyncFunctionDef(name=name):
            return {name}
        case ast.alias(name=name, asname=asname):
            return {*name.split("."), *([asname] if asname else [])}
        case ast.keyword(arg=str(name)):
            return {name}
        case _:
            return set()


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the strings that are statements: docstrings of all kinds."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text), lineno=line)):
                yield line, text


@pytest.mark.parametrize("package", PACKAGES)
def test_identifiers_in_docstrings_exist(package):
    unknown = [
        f"{module.path}:{line}: {name}"
        for module in modules(package)
        for line, name in module.quoted
        if IDENTIFIER.fullmatch(name) and not set(name.split(".")) <= known_names() | OTHERS
    ]
    assert unknown == []
