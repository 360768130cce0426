"""Splits of samples into a training part and a test part, the same for every seed and machine."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ..errors import DataError
from ..ops import checks
from ..ops.base import Array

TEST_SHARE: Final = 0.2
"""The share of the samples that are tests by default."""

_KEY: Final = (0x7465_7374, 0)
"""The key of the generator whose words choose the tests."""


def split_rows(count: int, share: float = TEST_SHARE) -> tuple[Array, Array]:
    """Return the rows for training and for testing: int64, both ascending and not empty.

    The raw words of a Philox generator with a fixed key choose the tests. NumPy guarantees these
    words for all versions. A regular pattern in the file does not reach the test part.

    Parameters
    ----------
    count : the number of rows, 2 or more
    share : the share of tests, above 0 and below 1

    Raises
    ------
    DataError : there are fewer than 2 rows, or the share is out of range
    """
    check_share(share)
    if count < 2:
        raise DataError(
            f"a split into training and test part needs 2 samples, but there are {count}"
        )
    words = np.random.Philox(key=np.array(_KEY, np.uint64)).random_raw(count)
    order = np.argsort(words, kind="stable")
    tests = min(max(round(count * share), 1), count - 1)
    return np.sort(order[tests:]), np.sort(order[:tests])


def check_share(share: Any) -> None:
    """Check the share of tests.

    Raises
    ------
    DataError : it is not a number above 0 and below 1
    """
    if not checks.is_finite(share) or not 0 < share < 1:
        raise DataError(f"test must be a share above 0 and below 1, such as 0.2, but is {share!r}")
