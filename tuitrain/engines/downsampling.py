"""Downsampling of arrays for the screen; small ones stay as they are."""

from __future__ import annotations

from typing import Final

import numpy as np

from .state import Array

MAX_ROWS: Final = 128
MAX_COLUMNS: Final = 256
"""Maximum number of elements along each of a sample's last two axes: no terminal shows more."""

MAX_ELEMENTS: Final = 1 << 17
"""Maximum size of a sample; only the first filters of a larger convolution are shown."""


def downsample(array: Array) -> tuple[Array, tuple[int, int]]:
    """Return a copy that is small enough to be shown, float32 and read-only.

    Returns
    -------
    sample : the array; a matrix that is too large is averaged in blocks, and an array of four axes
        or more is cut along the first axis
    block : how many rows and columns each element averages; (1, 1) without averaging
    """
    if array.ndim == 2:
        block = -(-array.shape[0] // MAX_ROWS), -(-array.shape[1] // MAX_COLUMNS)
        sample = block_means(array, block) if block != (1, 1) else array.astype(np.float32)
    else:
        block = 1, 1
        count = max(1, MAX_ELEMENTS // max(1, array[:1].size)) if array.ndim else 1
        sample = np.array(array[:count] if array.ndim else array, np.float32)
    sample.flags.writeable = False
    return sample, block


def block_means(matrix: Array, block: tuple[int, int]) -> Array:
    """Return the means of blocks of rows and columns; the last blocks may be smaller."""
    rows, columns = int(matrix.shape[0]), int(matrix.shape[1])
    row_starts: Array = np.arange(0, rows, block[0])
    column_starts: Array = np.arange(0, columns, block[1])
    sums: Array = np.add.reduceat(matrix, row_starts, axis=0, dtype=np.float64)
    sums = np.add.reduceat(sums, column_starts, axis=1)
    heights: Array = np.diff(row_starts, append=rows)[:, None]
    widths: Array = np.diff(column_starts, append=columns)[None, :]
    return (sums / (heights * widths)).astype(np.float32)
