"""The penguins and the text of Alice: data sets made from files in the package."""

from __future__ import annotations

import csv
import functools
import gzip
import hashlib
import io
import math
import zlib
from pathlib import Path
from typing import Final

import numpy as np

from ..errors import DataError
from ..ops import checks
from ..ops.base import Array
from .memory_dataset import Dataset

_FOLDER = Path(__file__).with_name("box")
_DIGESTS: Final = {
    "penguins.csv": "9202667ed215d3e1ba64db845965da29febe91bc05577983a523ab76e27efaaf",
    "alice.txt.gz": "313dff2e4335a7d0aeffa04f706a573e4517fa808c9f26900fd9f389716b8c5d",
}
"""SHA-256 of each file's content, without compression."""

_MEASURES = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm")
_KINDS = ("species", "island", "sex")
_TEST_ROW = 5
"""Of this number of rows of the penguins, one is for testing."""

ALICE_WINDOW: Final = 48
"""Characters of a sample of `alice`."""

_TRAIN_CHARACTERS = 130_000
"""Characters at the beginning of the text that are for training: about nine tenths."""


@functools.cache
def penguins() -> tuple[Dataset, Dataset]:
    """Return measurements of 333 penguins, whose body mass is to be predicted.

    Every fifth row is for testing. Sources and license: ``box/SOURCES.md`` next to this file.

    Returns
    -------
    train, test : float32 inputs (N, 11): length and depth of the bill and length of the flipper in
        mm, then 0 or 1 for each species, island and sex, as ``feature_names`` says. The mean and
        the standard deviation of the measurements in the training part are those of both parts.
        Targets: the body mass in kg, float32 (N,)

    Raises
    ------
    DataError : the file is missing or changed
    """
    rows = list(csv.DictReader(io.StringIO(_content("penguins.csv").decode("utf-8"))))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in _MEASURES}
    is_test = np.arange(len(rows)) % _TEST_ROW == _TEST_ROW - 1
    statistics = [_statistics(values[~is_test]) for values in columns.values()]
    for kind in _KINDS:
        for value in sorted({row[kind] for row in rows}):
            columns[f"{kind} {value}"] = np.array([float(row[kind] == value) for row in rows])
            statistics.append((0.0, 1.0))
    means, stds = zip(*statistics, strict=True)
    inputs = np.stack(list(columns.values()), axis=1).astype(np.float32)
    mass = np.array([int(row["body_mass_g"]) for row in rows]) / 1000.0

    def part(chosen: Array) -> Dataset:
        return Dataset(
            inputs[chosen], mass[chosen], mean=means, std=stds, feature_names=tuple(columns)
        )

    return part(~is_test), part(is_test)


@functools.cache
def alice(window: int = ALICE_WINDOW) -> tuple[Dataset, Dataset]:
    """Return "Alice's Adventures in Wonderland" as characters, of which the next is predicted.

    The first 130 000 of 144 161 characters are for training, the others for testing. Sources:
    ``box/SOURCES.md`` next to this file.

    Parameters
    ----------
    window : T, the characters of a sample, from 1 to 10 000. Samples do not overlap; a rest that
        is shorter is left out

    Returns
    -------
    train, test : int32 inputs (N, T), the indices of characters in ``vocabulary``; targets (N, T),
        the character after each

    Raises
    ------
    DataError : the window is not allowed, or the file is missing or changed
    """
    if not checks.is_whole(window) or not 1 <= window <= 10_000:
        raise DataError(f"alice: window must be an integer from 1 to 10000, but is {window!r}")
    text = _content("alice.txt.gz").decode("ascii")
    vocabulary = sorted(set(text))
    places = {character: place for place, character in enumerate(vocabulary)}
    tokens = np.array([places[character] for character in text], np.int32)

    def part(chosen: Array) -> Dataset:
        count = (len(chosen) - 1) // window
        inputs = chosen[: count * window].reshape(count, window)
        targets = chosen[1 : count * window + 1].reshape(count, window)
        return Dataset(inputs, targets, len(vocabulary), vocabulary=vocabulary)

    return part(tokens[:_TRAIN_CHARACTERS]), part(tokens[_TRAIN_CHARACTERS:])


def _statistics(values: Array) -> tuple[float, float]:
    """Return mean and standard deviation; the sums are exact, so every version has their bits."""
    mean = math.fsum(values) / len(values)
    deviations = values - mean
    return mean, math.sqrt(math.fsum(deviations * deviations) / len(values))


def _content(name: str) -> bytes:
    """Return the content of a file in the package; check its digest."""
    path = _FOLDER / name
    try:
        content = path.read_bytes()
        if name.endswith(".gz"):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != _DIGESTS[name]:
        raise DataError(f"{path}: the file has been changed: its SHA-256 is {digest}")
    return content
