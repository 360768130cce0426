"""Data in files, as a scenario names it: ``KIND:PATH?OPTION=VALUE&OPTION=VALUE``.

In values, ``%26`` is ``&``, ``%2C`` a comma inside a name of a list, ``%25`` a per cent sign.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from tuitrain.errors import ScenarioError, TuitrainError, did_you_mean
from tuitrain.user_paths import home_path

ReadOption = Callable[[str], Any]


def _text(value: str) -> str:
    return unquote(value)


def _texts(value: str) -> tuple[str, ...]:
    return tuple(unquote(part) for part in value.split(","))


def _number(value: str) -> float:
    return float(value)


def _integer(value: str) -> int:
    return int(value)


def _flag(value: str) -> bool:
    return {"": True, "1": True, "true": True, "0": False, "false": False}[value.lower()]


def _share_or_file(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return unquote(value)


EXPECTED: Final[Mapping[ReadOption, str]] = {
    _text: "text",
    _texts: "names with commas between them",
    _number: "a number",
    _integer: "an integer",
    _flag: "1 or 0",
    _share_or_file: "a share such as 0.2, or a file",
}
"""The values that an option takes, in words."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of data in files.

    Attributes
    ----------
    prefix : with its colon
    about : a description, in words
    example : how a scenario names it
    options : how the value of each option is read
    """

    prefix: str
    about: str
    example: str
    options: Mapping[str, ReadOption] = field(default_factory=dict)


FILE_KINDS: Final[Mapping[str, FileKind]] = {
    kind.prefix: kind
    for kind in (
        FileKind("idx:", "a folder with MNIST's four files", "idx:~/data/mnist"),
        FileKind(
            "csv:",
            "a table with a header row",
            "csv:houses.csv?target=price",
            {
                "target": _texts,
                "drop": _texts,
                "test": _share_or_file,
                "sep": _text,
                "classes": _flag,
                "gaps": _text,
                "unit": _number,
            },
        ),
        FileKind(
            "npz:",
            "arrays that numpy.savez wrote",
            "npz:waves.npz?inputs=x&targets=y",
            {"inputs": _texts, "targets": _text, "test": _number},
        ),
        FileKind(
            "folder:",
            "PNG and JPEG images, a folder for each class",
            "folder:pets?size=28",
            {"size": _integer, "grey": _flag, "test": _number},
        ),
    )
}
"""The kinds of data in files, by prefix."""


@dataclass(frozen=True, slots=True)
class DataSpec:
    """Data in a file or folder, with the options that are given."""

    kind: FileKind
    path: str
    options: Mapping[str, Any]
    query: str

    def located(self, folders: Iterable[str] = ()) -> Path:
        """Return the path, in the first of the folders that has it, else as it is.

        Raises
        ------
        ScenarioError : no file can have this name
        """
        try:
            path = home_path(self.path)
        except TuitrainError as error:
            raise ScenarioError(f"data: {error}") from None
        for folder in folders:
            other = os.path.join(folder, path)  # noqa: PTH118 - Path.exists raises for some names
            if os.path.exists(other):  # noqa: PTH110
                return Path(other)
        return path

    def at(self, path: Path) -> str:
        """Return the name of the same data at another path."""
        return f"{self.kind.prefix}{path}" + (f"?{self.query}" if self.query else "")


def is_file_data(name: str) -> bool:
    """Return whether a name refers to data in files."""
    return name.startswith(tuple(FILE_KINDS))


def parse_data_spec(name: str) -> DataSpec:
    """Parse the name of data in files.

    Raises
    ------
    ScenarioError : there is no path, or an option is unknown or has another value than it takes
    """
    prefix = name[: name.index(":") + 1]
    kind = FILE_KINDS[prefix]
    path, query = name.removeprefix(prefix), ""
    if kind.options:
        path, _, query = path.partition("?")
    if not path and kind.options:
        raise ScenarioError(
            f"data: {name!r:.80} needs a path after {prefix} (such as {kind.example})"
        )
    options: dict[str, Any] = {}
    for part in query.split("&") if query else ():
        key, _, value = part.partition("=")
        read = kind.options.get(key)
        if read is None:
            raise ScenarioError(
                f"data: {prefix} has no option {key!r:.60}{did_you_mean(key, kind.options)} "
                f"(options: {', '.join(kind.options)})"
            )
        if key in options:
            raise ScenarioError(f"data: the option {key} is given more than once")
        try:
            options[key] = read(value)
        except (ValueError, KeyError):
            raise ScenarioError(
                f"data: the option {key} takes {EXPECTED[read]}, but has {value!r:.60}"
            ) from None
    return DataSpec(kind, path, options, query)


def option_text(names: Iterable[str]) -> str:
    """Return the value of an option that lists names."""
    return ",".join(quote(name, safe=" /:;()[]+*@!$'~") for name in names)
