"""Python source: expressions and statements, formatted as ruff formats them.

Comments, double quotes and wrapped lines are why this is not `ast.unparse`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from tuitrain.text import visible

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Call:
    """A call; an argument is an expression, or ``(keyword, expression)``."""

    function: str
    arguments: tuple[Argument, ...] = ()


Expression: TypeAlias = "str | Call"
Argument: TypeAlias = "Expression | tuple[str, Expression]"


def call(function: str, *arguments: Argument, **keywords: Expression) -> Call:
    """Return a call."""
    return Call(function, (*arguments, *keywords.items()))


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement: the text before its last expression, and that expression."""

    before: str
    value: Expression

    def lines(self, indent: int = 0) -> list[str]:
        """Return its lines, indented by ``indent`` columns."""
        return _layout(self.before, self.value, "", indent)


@dataclass(frozen=True, slots=True)
class ForEach:
    """Statements that run for each of several keys of a dictionary, called ``name``."""

    names: str
    statements: tuple[Statement, ...]

    def lines(self, indent: int = 0) -> list[str]:
        """Return its lines, indented by ``indent`` columns."""
        body = [line for item in self.statements for line in item.lines(indent + 4)]
        return [f"{' ' * indent}for name in {self.names}:", *body]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the program, used in place of a value."""

    name: str


def literal(value: Any) -> str:
    """Write a string, a number, a boolean or a tuple, so that it reads back to the same."""
    if isinstance(value, Variable):
        return value.name
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' * (len(value) == 1)})"
    text = repr(value)
    # ruff prefers double quotes, unless they would have to be escaped.
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text


def comment_lines(text: str, indent: int = 0) -> list[str]:
    """Return the lines of a comment."""
    lead = " " * indent + "# "
    plain = visible(" ".join(text.split()))
    return textwrap.wrap(
        plain,
        WIDTH,
        initial_indent=lead,
        subsequent_indent=lead + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def dict_entry(key: str, value: Expression, indent: int = 4) -> list[str]:
    """Return the line of a dictionary's entry."""
    return _layout(f"{literal(key)}: ", value, ",", indent)


def import_lines(module: str, names: Iterable[str]) -> list[str]:
    """Return the lines of an import, with its names sorted."""
    ordered = sorted(names)
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= WIDTH:
        return [line]
    return [f"from {module} import (", *(f"    {name}," for name in ordered), ")"]


def _layout(before: str, value: Expression, after: str, indent: int) -> list[str]:
    space = " " * indent
    whole = f"{space}{before}{_flat(value)}{after}"
    if len(whole) <= WIDTH or isinstance(value, str) or not value.arguments:
        return [whole]
    inside = f"{space}    {', '.join(map(_flat_argument, value.arguments))}"
    if len(inside) <= WIDTH:
        body = [inside]
    else:
        body = [
            line
            for keyword, item in map(_named, value.arguments)
            for line in _layout(keyword, item, ",", indent + 4)
        ]
    return [f"{space}{before}{value.function}(", *body, f"{space}){after}"]


def _flat(value: Expression) -> str:
    if isinstance(value, str):
        return value
    return f"{value.function}({', '.join(map(_flat_argument, value.arguments))})"


def _flat_argument(argument: Argument) -> str:
    keyword, value = _named(argument)
    return keyword + _flat(value)


def _named(argument: Argument) -> tuple[str, Expression]:
    return (f"{argument[0]}=", argument[1]) if isinstance(argument, tuple) else ("", argument)
