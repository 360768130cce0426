"""Describing data: bundled sets, data that a scenario can name, and files and folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tuitrain.errors import TuitrainError, did_you_mean

from ..bundled_data import BUNDLED_DATA
from ..data_spec import FILE_KINDS, is_file_data, option_text
from ..datasets import load_data
from ..module_search import search_modules_of
from .folder_description import describe_folder
from .parts import MAX_LISTED, Description, Part, array_part

if TYPE_CHECKING:
    from tuitrain_core.data import Dataset

PREVIEW_ROWS: Final = 5

_FEW: Final = 20
"""At most so few distinct whole numbers are probably classes."""


def list_data() -> list[Description]:
    """Return the bundled data sets, described."""
    return [describe_named(name) for name in BUNDLED_DATA]


def describe(name: str) -> tuple[Description, NDArray[np.uint8] | None]:
    """Describe a data set by its name in a scenario, or a file or folder by its path.

    Returns
    -------
    The description, and the first picture (C, H, W) if the data are pictures.

    Raises
    ------
    TuitrainError : there is no such data, or it cannot be read
    """
    from tuitrain_core.errors import CoreError

    search_modules_of("")
    if name in BUNDLED_DATA or is_file_data(name):
        train, _ = load_data(name)
        first = train.input_arrays[0]
        pictures = first.dtype == np.uint8 and first.ndim == 4
        return describe_named(name), first[0] if pictures else None
    path = Path(name)
    try:
        if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises for some names
            _check_names_no_file(path)
            load_data(name)  # a callable, or the error with the nearest match
            return describe_named(name), None
        if path.is_dir():
            return describe_folder(path, describe)
        _check_is_data(path)
        with path.open("rb") as file:
            start = file.read(4)
        if start[:2] == b"PK":
            return _npz(path)
        if start[:2] in (b"\0\0", b"\x1f\x8b"):
            return _idx(path)
        return _csv(path), None
    except CoreError as error:
        raise TuitrainError(str(error)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TuitrainError(f"{name:.200}: cannot be read: {reason}") from None


def _check_names_no_file(path: Path) -> None:
    """Check that a name without a file is not meant as a path: it has no folder and no suffix.

    Raises
    ------
    TuitrainError : it is meant as one; names the nearest file beside it
    """
    if ":" in str(path) or not (path.suffix or path.parent.name):
        return
    try:
        beside = sorted(str(entry) for entry in path.parent.iterdir())
    except (OSError, ValueError):  # no such folder, or a name that no path can have
        beside = []
    raise TuitrainError(f"{path!s:.200}: no such file{did_you_mean(str(path), beside)}")


def _check_is_data(path: Path) -> None:
    """Check that a file is not a program or a scenario, whose lines would be rows of a table.

    Raises
    ------
    TuitrainError : it is; the message says how it is used
    """
    if path.suffix.lower() == ".py":
        raise TuitrainError(
            f"{path!s:.200}: is a Python file, not data; a function in it that returns data is "
            f"called {path.stem}:FUNCTION"
        )
    if path.suffix.lower() == ".toml":
        raise TuitrainError(
            f"{path!s:.200}: is a TOML file, not data; `tuitrain run` runs a scenario"
        )


def describe_named(name: str) -> Description:
    """Describe the data set that a scenario calls ``name``.

    Raises
    ------
    ScenarioError : it cannot be loaded
    """
    train, test = load_data(name)
    about = BUNDLED_DATA[name].description if name in BUNDLED_DATA else "data set"
    parts = [
        part
        for title, dataset in (("train", train), ("test", test))
        for part in _dataset_parts(title, dataset)
    ]
    counts: dict[str, int] = {}
    if train.targets is not None and train.classes is not None and train.classes <= MAX_LISTED:
        numbers = np.bincount(train.targets.reshape(-1), minlength=train.classes)
        names = train.class_names or [str(number) for number in range(train.classes)]
        counts = dict(zip(names, map(int, numbers), strict=False))
    return Description(name, about, name, tuple(parts), counts)


def _dataset_parts(title: str, dataset: Dataset) -> list[Part]:
    parts = [array_part(f"{title} inputs", array, len(dataset)) for array in dataset.input_arrays]
    if dataset.targets is None:
        return [*parts, Part(f"{title} targets", "the inputs")]
    if dataset.classes is None:
        return [*parts, array_part(f"{title} targets", dataset.targets, len(dataset))]
    return [*parts, Part(f"{title} targets", f"{dataset.classes} classes")]


def _csv(path: Path) -> Description:
    from tuitrain_core.data import read_csv
    from tuitrain_core.data.csv_features import MAX_VALUES

    table = read_csv(path)
    parts, dropped = [], []
    for column in table.columns.values():
        values = column.numbers[np.isfinite(column.numbers)]
        words = {
            "numbers": "numbers",
            "texts": f"{len(column.texts)} different texts"
            + (", numbers with a decimal comma: write a point" if column.decimal_comma else ""),
            "mixed": f"mixed: {len(values)} of {len(table)} cells are numbers",
            "empty": "empty",
        }[column.kind]
        limits = (float(values.min()), float(values.max())) if len(values) else (None, None)
        parts.append(Part(column.name, words, *limits, int(column.gaps.sum())))
        many = column.kind == "texts" and len(column.texts) > MAX_VALUES
        if many or column.kind in ("mixed", "empty"):
            dropped.append(column.name)
    kept = [column for name, column in table.columns.items() if name not in dropped]
    options: list[str] = []
    counts: dict[str, int] = {}
    if kept:
        target = kept[-1]
        options.append(f"target={option_text([target.name])}")
        values = np.unique(target.numbers)
        if target.kind == "numbers" and _are_classes(values, len(table)):
            options.append("classes=1")
        if target.kind == "texts":
            numbers = np.bincount(target.codes[target.codes >= 0])
            counts = dict(zip(target.texts, map(int, numbers), strict=False))
    options += [f"drop={option_text(dropped)}"] if dropped else []
    options += ["gaps=drop"] if any(column.gaps.any() for column in kept) else []
    can_train = len(kept) > 1 and not any(column.decimal_comma for column in kept)
    data = f"csv:{path}?{'&'.join(options)}" if can_train else ""
    title = f"a table of {len(table)} rows and {len(table.columns)} columns"
    return Description(
        str(path), title, data, tuple(parts[:MAX_LISTED]), counts, tuple(_rows(table))
    )


def _are_classes(values: NDArray[np.float64], rows: int) -> bool:
    """Return whether the distinct values of a column are probably classes."""
    return (
        3 * len(values) <= rows and len(values) <= _FEW and bool((values == values.round()).all())
    )


def _rows(table: Any) -> list[tuple[str, ...]]:
    columns = list(table.columns.values())[:8]
    rows = [tuple(column.name for column in columns)]
    for row in range(min(PREVIEW_ROWS, len(table))):
        cells = ((column, int(column.codes[row])) for column in columns)
        rows.append(
            tuple(
                column.texts[code] if code >= 0 else f"{column.numbers[row]:g}"
                for column, code in cells
            )
        )
    return rows


def _npz(path: Path) -> tuple[Description, NDArray[np.uint8] | None]:
    from tuitrain_core.data.npz_data import choose_arrays
    from tuitrain_core.data.npz_file import read_npz_array, read_npz_headers
    from tuitrain_core.errors import CoreError

    parts, picture = [], None
    headers = read_npz_headers(path)
    for info in headers[:MAX_LISTED]:
        shape = " x ".join(map(str, info.shape)) or "one number"
        try:
            array = read_npz_array(path, info.name)
        except CoreError:  # texts, objects, or too large
            parts.append(Part(info.name, f"{info.dtype} {shape}, not read"))
            continue
        parts.append(array_part(info.name, array))
        if picture is None and array.dtype == np.uint8 and array.ndim == 3 and array.size:
            picture = array[:1]
    names = [info.name for info in headers]
    try:
        choose_arrays(path, names, "", "")
        data = f"npz:{path}"
    except CoreError:
        quoted = [option_text([name]) for name in names]
        data = f"npz:{path}?inputs={quoted[0]}&targets={quoted[1]}" if len(names) > 1 else ""
    return Description(str(path), f"an archive of {len(names)} arrays", data, tuple(parts)), picture


def _idx(path: Path) -> tuple[Description, NDArray[np.uint8] | None]:
    from tuitrain_core.data import read_idx

    array = read_idx(path)
    pictures = array.dtype == np.uint8 and array.ndim == 3
    part = array_part("array", array)
    return Description(str(path), "an IDX file", "", (part,)), array[:1] if pictures else None


def prefix_examples() -> list[tuple[str, str]]:
    """Return a description and an example for each kind of data in files."""
    return [(kind.about, kind.example) for kind in FILE_KINDS.values()]
