"""Tables from CSV files: columns of numbers or texts.

Memory is bounded by the number of cells; see `csv_rows` for the other limits. Of a column's texts
the first `MAX_TEXTS` distinct ones are kept.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from ..errors import DataError
from ..ops.base import Array
from .csv_rows import opened_csv, parse_number, read_rows, shown

MAX_CELLS: Final = 50_000_000
"""Cells of a table: 400 MB as float64."""

MAX_TEXTS: Final = 1000
"""Distinct texts of a column."""

GAP: Final = -2
"""The code of an empty cell."""

OTHER: Final = -1
"""The code of a string after the first `MAX_TEXTS`."""

GAPS: Final = frozenset({"", "?", "na", "n/a", "nan", "null"})
"""Cells that count as empty, in lower case."""


_DECIMAL_COMMA: Final = re.compile(r"[+-]?[0-9]{1,15}(,[0-9]{1,15})?")


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table.

    Attributes
    ----------
    numbers : float64 (N,), NaN where the cell is not a number
    codes : int32 (N,), places in ``texts``, or `GAP` or `OTHER`
    texts : the distinct texts, in the order of their first cells
    """

    name: str
    numbers: Array
    codes: Array
    texts: tuple[str, ...]

    @property
    def kind(self) -> str:
        """``numbers``, ``texts``, ``empty``, or ``mixed``: texts, and at least half are numbers."""
        filled = int((self.codes != GAP).sum())
        numeric = int((~np.isnan(self.numbers)).sum())
        if not filled:
            return "empty"
        if numeric == filled:
            return "numbers"
        return "mixed" if 2 * numeric >= filled else "texts"

    @property
    def decimal_comma(self) -> str:
        """A cell with a decimal comma, such as ``3,14``, if all cells are such numbers; else ""."""
        if self.kind == "numbers" or not all(map(_DECIMAL_COMMA.fullmatch, self.texts)):
            return ""
        return next((text for text in self.texts if "," in text), "")

    @property
    def gaps(self) -> Array:
        """Where cells are empty: booleans (N,)."""
        return self.codes == GAP

    def select(self, rows: Array) -> Column:
        """Return the column with some rows only, and the texts that they have."""
        codes = self.codes[rows]
        used = np.unique(codes[codes >= 0])
        ranks = np.array([*np.zeros(len(self.texts)), GAP, OTHER], np.int32)
        ranks[used] = np.arange(len(used))
        texts = tuple(self.texts[place] for place in used)
        return Column(self.name, self.numbers[rows], ranks[codes], texts)


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of one file, or of two that were joined.

    Attributes
    ----------
    columns : by name
    lines : int32 (N,), the line of the file on which a row ends
    files : each file, with the number of its rows
    """

    columns: Mapping[str, Column]
    lines: Array
    files: tuple[tuple[Path, int], ...]

    def __len__(self) -> int:
        return len(self.lines)

    def place(self, row: int, column: str) -> str:
        """Return where a cell is, for errors."""
        first, count = self.files[0]
        path = first if row < count else self.files[-1][0]
        return f"{path}: line {self.lines[row]}, column {column!r}"

    def select(self, rows: Array) -> Table:
        """Return the table with some rows only, in ascending order."""
        counts, start = [], 0
        for path, count in self.files:
            counts.append((path, int(((rows >= start) & (rows < start + count)).sum())))
            start += count
        columns = {name: column.select(rows) for name, column in self.columns.items()}
        return Table(columns, self.lines[rows], tuple(counts))


@dataclass
class _Builder:
    """The cells of a column, as they are read."""

    numbers: array[float] = field(default_factory=lambda: array("d"))
    codes: array[int] = field(default_factory=lambda: array("i"))
    texts: dict[str, int] = field(default_factory=dict)

    def add(self, cell: str) -> None:
        cell = cell.strip()
        if cell.lower() in GAPS:
            self.numbers.append(np.nan)
            self.codes.append(GAP)
            return
        self.numbers.append(parse_number(cell))
        if cell not in self.texts and len(self.texts) < MAX_TEXTS:
            self.texts[cell] = len(self.texts)
        self.codes.append(self.texts.get(cell, OTHER))

    def column(self, name: str) -> Column:
        return Column(
            name,
            np.array(self.numbers, np.float64),
            np.array(self.codes, np.int32),
            tuple(self.texts),
        )


def read_csv(path: str | os.PathLike[str], sep: str = "") -> Table:
    """Read a table: a header row with the names of the columns, then one row a line.

    Empty lines and lines that begin with ``#`` are skipped; spaces around a cell are dropped.

    Parameters
    ----------
    sep : the separator, or its name in `SEPARATORS`; default: of comma, semicolon, tab and pipe the
        one that is most frequent in the header

    Raises
    ------
    DataError : the file cannot be read or is malformed; names the file, the line and the column
    """
    path = Path(path)
    with opened_csv(path) as file:
        rows = read_rows(path, file, sep)
        names = next(rows)[1]
        builders = [_Builder() for _ in names]
        lines = array("i")
        for line, row in rows:
            if len(row) != len(names):
                raise DataError(
                    f"{path}: line {line} has {len(row)} cells, but the header has "
                    f"{len(names)} columns"
                )
            if len(names) * len(lines) > MAX_CELLS:
                raise DataError(f"{path}: has more than {MAX_CELLS} cells, which are read at most")
            lines.append(line)
            for builder, cell in zip(builders, row, strict=True):
                builder.add(cell)
    if not lines:
        raise DataError(f"{path}: has a header, but no rows after it")
    columns = {name: builder.column(name) for name, builder in zip(names, builders, strict=True)}
    return Table(columns, np.array(lines, np.int32), ((path, len(lines)),))


def read_csv_header(path: str | os.PathLike[str], sep: str = "") -> list[str]:
    """Return the names of the columns, and read no more of the file than needed.

    Raises
    ------
    DataError : the file cannot be read, or has no header row
    """
    path = Path(path)
    with opened_csv(path) as file:
        return next(read_rows(path, file, sep))[1]


def join_tables(first: Table, second: Table) -> Table:
    """Return a table with the rows of both, and the columns of the first.

    Raises
    ------
    DataError : the second lacks a column
    """
    for name in first.columns:
        if name not in second.columns:
            raise DataError(
                f"{second.files[0][0]}: there is no column {name!r}, which "
                f"{first.files[0][0].name} has (columns: {shown(second.columns)})"
            )
    columns = {
        name: _joined(column, second.columns[name]) for name, column in first.columns.items()
    }
    lines = np.concatenate([first.lines, second.lines])
    return Table(columns, lines, first.files + second.files)


def _joined(first: Column, second: Column) -> Column:
    texts = dict.fromkeys(first.texts) | dict.fromkeys(second.texts)
    places = {text: place for place, text in enumerate(texts)}
    translated = np.array([*(places[text] for text in second.texts), GAP, OTHER], np.int32)
    codes = np.concatenate([first.codes, translated[second.codes]])
    return Column(first.name, np.concatenate([first.numbers, second.numbers]), codes, tuple(texts))
