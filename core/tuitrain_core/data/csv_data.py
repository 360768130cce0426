"""Data sets from CSV files: numbers, texts as one-hot features, and targets of both kinds."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import DataError, describe_unknown
from ..ops import checks
from ..ops.base import Array
from .csv_table import OTHER, Column, Table, join_tables, read_csv, read_csv_header
from .memory_dataset import Dataset
from .split import TEST_SHARE, check_share, split_rows

MAX_VALUES: Final = 50
"""Distinct texts of a column that become features."""

MAX_TARGET_CLASSES: Final = 1000
MAX_NUMBERS: Final = 1 << 29
"""Numbers in the features of all rows."""

_SMALLEST_STD: Final = 1e-30
"""Columns that vary less are not scaled."""

_FLOAT32_MAX: Final = float(np.finfo(np.float32).max)

MAX_ROUNDING: Final = 1e-4
"""The part of its standard deviation that a column may lose as float32."""

_MIN_VARIATION: Final = 1e-12
"""A column that varies less, relative to its largest number, has the noise of float64 alone."""


def load_csv(
    path: str | os.PathLike[str],
    target: str | Sequence[str] = (),
    drop: str | Sequence[str] = (),
    test: float | str | os.PathLike[str] = TEST_SHARE,
    sep: str = "",
    classes: bool = False,
    gaps: str = "error",
    unit: float = 1.0,
) -> tuple[Dataset, Dataset]:
    """Read a data set from a CSV file with a header row.

    A column of numbers is one feature, with the mean and the standard deviation of the training
    part. If float32 cannot tell its numbers apart, such as seconds since 1970, a round number near
    their mean is subtracted first, which the name of the feature says: ``time - 1700000000``. A
    column of texts is one feature for each text, in sorted order, 1 where the cell has it and 0
    elsewhere; at most `MAX_VALUES`.

    Parameters
    ----------
    target : the columns to predict; default: the last one that is not dropped
    drop : columns to leave out
    test : the share of the rows for testing, the same rows in every run; or another file, whose
        name is relative to the folder of ``path``
    sep : the separator; see `read_csv`
    classes : the numbers of the target are the names of classes
    gaps : rows with an empty cell are an ``"error"``, or ``"drop"`` leaves them out
    unit : numbers to predict are divided by it

    Returns
    -------
    train, test : inputs float32 (N, F) with ``feature_names``. A target of texts gives class
        numbers (N,) with ``class_names``, at most `MAX_TARGET_CLASSES`; numbers give float32
        (N, K) for K columns.

    Raises
    ------
    DataError : a file is malformed, a column does not exist, or a cell does not fit; names the
        file, the line and the column
    """
    path = Path(path)
    _check_options(test, gaps, unit)
    table = read_csv(path, sep)
    targets, features = choose_columns(path, list(table.columns), target, drop)
    table = Table(
        {name: table.columns[name] for name in (*features, *targets)}, table.lines, table.files
    )
    if not is_share(test):
        table = join_tables(table, read_csv(path.parent / Path(str(test)), sep))
    table = _without_gaps(table, gaps)
    _check_decimal_points(table, targets if classes else ())
    train, tests = _parts(table, test)
    labels = _targets(table, targets, classes, unit)
    columns = [table.columns[name] for name in features]
    inputs, names, scaled = _features(table, columns, train)
    mean, std = _statistics(inputs[train], scaled)

    def part(rows: Array) -> Dataset:
        return Dataset(
            inputs[rows],
            labels[0][rows],
            len(labels[1]) or None,
            mean,
            std,
            class_names=labels[1],
            feature_names=names,
        )

    return part(train), part(tests)


def check_csv(
    path: str | os.PathLike[str],
    target: str | Sequence[str] = (),
    drop: str | Sequence[str] = (),
    test: float | str | os.PathLike[str] = TEST_SHARE,
    sep: str = "",
    classes: bool = False,
    gaps: str = "error",
    unit: float = 1.0,
) -> None:
    """Check what `load_csv` would be called with, and the headers of the files only.

    Raises
    ------
    DataError : a file cannot be read, or a column does not exist
    """
    del classes
    path = Path(path)
    _check_options(test, gaps, unit)
    choose_columns(path, read_csv_header(path, sep), target, drop)
    if not is_share(test):
        read_csv_header(path.parent / Path(str(test)), sep)


def choose_columns(
    path: Path, columns: list[str], target: str | Sequence[str], drop: str | Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the names of the targets and of the features.

    Raises
    ------
    DataError : a name is unknown or in both lists, or no feature is left
    """
    dropped, targets = _names(drop), _names(target)
    for option, names in (("target", targets), ("drop", dropped)):
        for name in names:
            if name not in columns:
                known = columns if len(columns) <= 20 else _nearest(name, columns)
                raise DataError(f"{path}: {option}: the column {describe_unknown(name, known)}")
    if both := [name for name in targets if name in dropped]:
        raise DataError(f"{path}: the column {both[0]!r} cannot be both target and dropped")
    kept = [name for name in columns if name not in dropped]
    targets = list(dict.fromkeys(targets)) or kept[-1:]
    features = [name for name in kept if name not in targets]
    if not features:
        raise DataError(
            f"{path}: no column is left as a feature beside the target {', '.join(targets)}"
        )
    return targets, features


def is_share(test: Any) -> bool:
    """Return whether ``test`` is a number; otherwise it names a file."""
    return isinstance(test, int | float)


def _nearest(name: str, columns: list[str]) -> list[str]:
    """Return some of many columns, the most similar first."""
    from difflib import get_close_matches

    return get_close_matches(name, columns, n=12, cutoff=0.3) or columns[:12]


def _names(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _check_options(test: Any, gaps: Any, unit: Any) -> None:
    if is_share(test):
        check_share(test)
    if gaps not in ("error", "drop"):
        raise DataError(f"gaps must be error or drop, but is {gaps!r}")
    if not checks.is_finite(unit) or unit <= 0:
        raise DataError(f"unit must be a finite number above 0, but is {unit!r}")


def _without_gaps(table: Table, gaps: str) -> Table:
    """Return the table without rows with gaps, or report the first gap."""
    empty = np.zeros(len(table), np.bool_)
    for name, column in table.columns.items():
        where = column.gaps
        if gaps == "error" and where.any():
            place = table.place(int(np.argmax(where)), name)
            raise DataError(
                f"{place}: the cell is empty (of {int(where.sum())}); fill it, leave such rows out "
                f"with gaps=drop, or the column with drop={name}"
            )
        empty |= where
    if not empty.any():
        return table
    left = table.select(np.flatnonzero(~empty))
    if not all(count for _, count in left.files):
        raise DataError(
            f"{table.files[0][0]}: every row has an empty cell, so gaps=drop leaves none"
        )
    return left


def _check_decimal_points(table: Table, names_of_classes: Sequence[str]) -> None:
    """Report a column of numbers with decimal commas, which would be read as texts."""
    for name, column in table.columns.items():
        if (cell := column.decimal_comma) and name not in names_of_classes:
            row = int(np.argmax(column.codes == column.texts.index(cell)))
            raise DataError(
                f"{table.place(row, name)}: {cell!r} has a decimal comma; numbers have a decimal "
                f"point, such as {cell.replace(',', '.')}"
            )


def _parts(table: Table, test: Any) -> tuple[Array, Array]:
    if not is_share(test):
        first = table.files[0][1]
        return np.arange(first), np.arange(first, len(table))
    try:
        return split_rows(len(table), test)
    except DataError as error:
        raise DataError(f"{table.files[0][0]}: {error}") from None


def _targets(
    table: Table, names: list[str], classes: bool, unit: float
) -> tuple[Array, tuple[str, ...]]:
    """Return the targets, and the names of the classes if they are classes."""
    columns = [table.columns[name] for name in names]
    kinds = [column.kind for column in columns]
    if len(names) == 1 and (classes or kinds[0] == "texts"):
        return _class_numbers(table, columns[0])
    if "texts" in kinds or classes:
        raise DataError(
            f"{table.files[0][0]}: several targets must be numbers, but "
            f"{names[kinds.index('texts')] if 'texts' in kinds else 'classes=1'} makes classes"
        )
    values = [_numbers(table, column) / unit for column in columns]
    for column, numbers in zip(columns, values, strict=True):
        if offset := _offset(numbers):
            raise DataError(
                f"{table.files[0][0]}: column {column.name!r} has numbers near {_plain(offset)}, "
                "which differ by less than float32 holds; subtract that number in the file"
            )
    return np.stack(values, axis=1), ()


def _class_numbers(table: Table, column: Column) -> tuple[Array, tuple[str, ...]]:
    if column.kind == "numbers":
        values, places = np.unique(_numbers(table, column), return_inverse=True)
        names = [_plain(float(value)) for value in values[: MAX_TARGET_CLASSES + 1]]
        numbers = places.astype(np.int32)
    else:
        names = sorted(column.texts)
        ranks = {text: rank for rank, text in enumerate(names)}
        numbers = np.array([*(ranks[text] for text in column.texts), OTHER], np.int32)[column.codes]
    if len(names) > MAX_TARGET_CLASSES or (numbers == OTHER).any():
        raise DataError(
            f"{table.files[0][0]}: column {column.name!r} has more than {MAX_TARGET_CLASSES} "
            "different values, which are classes at most"
        )
    return numbers, tuple(names)


def _plain(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _features(
    table: Table, columns: Iterable[Column], train: Array
) -> tuple[Array, tuple[str, ...], Array]:
    """Return the inputs (N, F), the names of the features, and which of them are scaled.

    Parameters
    ----------
    train : the rows that decide what is subtracted
    """
    parts: list[tuple[Column, str | None]] = []
    for column in columns:
        if column.kind == "texts":
            parts += [(column, text) for text in _values(table, column)]
        else:
            parts.append((column, None))
    if len(parts) * len(table) > MAX_NUMBERS:
        raise DataError(
            f"{table.files[0][0]}: {len(table)} rows of {len(parts)} features are more than "
            f"{MAX_NUMBERS} numbers, which are read at most"
        )
    inputs, names = np.empty((len(table), len(parts)), np.float32), []
    for at, (column, text) in enumerate(parts):
        if text is not None:
            inputs[:, at] = column.codes == column.texts.index(text)
            names.append(f"{column.name}={text}")
            continue
        numbers = _numbers(table, column)
        offset = _offset(numbers[train])
        inputs[:, at] = numbers - offset
        sign = "-" if offset > 0 else "+"
        names.append(f"{column.name} {sign} {_plain(abs(offset))}" if offset else column.name)
    return inputs, tuple(names), np.array([text is None for _, text in parts])


def _values(table: Table, column: Column) -> list[str]:
    """Return the texts of a column that become features, sorted."""
    if len(column.texts) > MAX_VALUES:
        raise DataError(
            f"{table.files[0][0]}: column {column.name!r} has more than {MAX_VALUES} different "
            f"texts, which become features at most; leave it out with drop={column.name}"
        )
    return sorted(column.texts)


def _numbers(table: Table, column: Column) -> Array:
    """Return a column's numbers, or report the first cell that is none."""
    wrong = ~(np.abs(column.numbers) <= _FLOAT32_MAX)
    if not wrong.any():
        return column.numbers
    row = int(np.argmax(wrong))
    place, code = table.place(row, column.name), int(column.codes[row])
    cell = column.texts[code] if code >= 0 else str(column.numbers[row])
    if np.isnan(column.numbers[row]):
        numeric = int((~np.isnan(column.numbers)).sum())
        raise DataError(
            f"{place}: {cell[:60]!r} is not a number, but {numeric} of {len(table)} cells are; "
            f"correct it, or leave the column out with drop={column.name}"
        )
    raise DataError(f"{place}: {cell[:60]!r} does not fit in a float32")


def _offset(numbers: Array) -> float:
    """Return what to subtract from numbers that float32 cannot tell apart; 0 from others.

    It is their mean, rounded to the decimal place of their standard deviation.
    """
    std = float(numbers.std())
    lost = float(np.abs(numbers - numbers.astype(np.float32)).max())
    if lost <= MAX_ROUNDING * std or std <= _MIN_VARIATION * float(np.abs(numbers).max()):
        return 0.0
    return round(float(numbers.mean()), -math.floor(math.log10(std)))


def _statistics(inputs: Array, scaled: Array) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of the scaled features; 0 and 1 of the others."""
    mean = np.where(scaled, inputs.mean(axis=0, dtype=np.float64), 0.0)
    std = np.where(scaled, inputs.std(axis=0, dtype=np.float64), 1.0)
    std[std < _SMALLEST_STD] = 1.0
    return mean.tolist(), std.tolist()
