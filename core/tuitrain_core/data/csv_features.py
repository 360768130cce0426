"""The features and the targets of a table, as arrays: numbers, one-hot texts, class numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from ..errors import DataError
from ..ops.base import Array
from .csv_table import OTHER, Column, Table

MAX_VALUES: Final = 50
"""Distinct texts of a column that become features."""

MAX_TARGET_CLASSES: Final = 1000
"""Distinct texts of a target: each is an output of the network."""

MAX_NUMBERS: Final = 1 << 29
"""Numbers in the features of all rows."""

_SMALLEST_STD: Final = 1e-30
"""Columns that vary less are not scaled."""

_FLOAT32_MAX: Final = float(np.finfo(np.float32).max)

MAX_ROUNDING: Final = 1e-4
"""The part of its standard deviation that a column may lose as float32."""

_MIN_VARIATION: Final = 1e-12
"""A column that varies less, relative to its largest number, has the noise of float64 alone."""


def make_targets(
    table: Table, names: list[str], classes: bool, unit: float
) -> tuple[Array, tuple[str, ...]]:
    """Return the targets of all rows, and the names of the classes if they are classes.

    Parameters
    ----------
    names : the columns to predict
    classes : numbers are the names of classes
    unit : numbers to predict are divided by it

    Returns
    -------
    targets, class_names : int32 (N,) with their names; or float64 (N, K) and no names

    Raises
    ------
    DataError : several targets are not all numbers, there are more than `MAX_TARGET_CLASSES`
        classes, or a cell is not a number that float32 can hold
    """
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


def make_features(
    table: Table, columns: Iterable[Column], train: Array
) -> tuple[Array, tuple[str, ...], Array]:
    """Return the inputs, the names of the features, and which of them are scaled.

    Parameters
    ----------
    train : the rows that decide what is subtracted

    Returns
    -------
    inputs, names, scaled : float32 (N, F), F names, and booleans (F,), true for numbers

    Raises
    ------
    DataError : a column has more than `MAX_VALUES` texts, the features have more than
        `MAX_NUMBERS` numbers, or a cell is not a number that float32 can hold
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


def input_statistics(inputs: Array, scaled: Array) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of the scaled features; 0 and 1 of the others.

    Parameters
    ----------
    inputs : (N, F)
    scaled : booleans (F,)
    """
    mean = np.where(scaled, inputs.mean(axis=0, dtype=np.float64), 0.0)
    std = np.where(scaled, inputs.std(axis=0, dtype=np.float64), 1.0)
    std[std < _SMALLEST_STD] = 1.0
    return mean.tolist(), std.tolist()
