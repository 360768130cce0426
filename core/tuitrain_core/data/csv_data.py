"""Data sets from CSV files: numbers, texts as one-hot features, and targets of both kinds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, describe_unknown
from ..ops import checks
from ..ops.base import Array
from .csv_features import input_statistics, make_features, make_targets
from .csv_table import Table, join_tables, read_csv, read_csv_header
from .memory_dataset import Dataset
from .split import TEST_SHARE, check_share, split_rows


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
    labels = make_targets(table, targets, classes, unit)
    columns = [table.columns[name] for name in features]
    inputs, names, scaled = make_features(table, columns, train)
    mean, std = input_statistics(inputs[train], scaled)

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
