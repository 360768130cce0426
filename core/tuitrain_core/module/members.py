"""The members of a module among its attributes, and the order of their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeVar

Kind = TypeVar("Kind")


def find_members(
    values: Mapping[str, Any], kind: type[Kind], prefix: str
) -> Iterator[tuple[str, Kind]]:
    """Yield the values of one kind among attributes, lists and dictionaries, in sorted order."""
    for key in sorted(values, key=name_order):
        value, name = values[key], f"{prefix}.{key}" if prefix else key
        if isinstance(value, kind):
            yield name, value
        elif isinstance(value, dict):
            yield from find_members({str(k): v for k, v in value.items()}, kind, name)
        elif isinstance(value, list | tuple):
            yield from find_members({str(i): v for i, v in enumerate(value)}, kind, name)


def unique_members(pairs: Iterator[tuple[str, Kind]]) -> Iterator[tuple[str, Kind]]:
    """Yield each value once, under its first name."""
    seen: set[int] = set()
    for name, value in pairs:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value


@lru_cache(8192)
def name_order(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Return the sort key of a dotted name: numbers sort by value, so 2 comes before 10."""
    return tuple(
        (not part.isdecimal(), int(part) if part.isdecimal() else 0, part)
        for part in name.split(".")
    )
