"""Deep equality of snapshots: types, dtypes, shapes, the bits of floats, read-only arrays."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from tuitrain.run.snapshot import Snapshot


def assert_equal(decoded: Any, expected: Any, where: str = "snapshot") -> None:
    """Fail, with the place, at the first difference of two values."""
    if isinstance(expected, np.generic):
        expected = expected.item()
    assert isinstance(decoded, type(expected)) or isinstance(expected, Mapping), where
    if is_dataclass(expected):
        for field in fields(expected):
            pair = getattr(decoded, field.name), getattr(expected, field.name)
            assert_equal(*pair, f"{where}.{field.name}")
    elif isinstance(expected, np.ndarray):
        assert_equal_arrays(decoded, expected, where)
    elif isinstance(expected, Mapping):
        assert list(decoded) == list(expected), where
        for key, item in expected.items():
            assert_equal(decoded[key], item, f"{where}[{key!r}]")
    elif isinstance(expected, tuple | list):
        assert len(decoded) == len(expected), where
        for index, item in enumerate(expected):
            assert_equal(decoded[index], item, f"{where}[{index}]")
    elif isinstance(expected, float):
        assert struct.pack("d", decoded) == struct.pack("d", expected), where
    else:
        assert decoded == expected, where


def assert_equal_arrays(decoded: Any, expected: np.ndarray, where: str) -> None:
    assert decoded.dtype == expected.dtype, where
    assert decoded.shape == expected.shape, where
    assert decoded.tobytes() == expected.tobytes(), where
    assert not decoded.flags.writeable, where


def are_equal(decoded: Snapshot, expected: Snapshot) -> bool:
    """Whether two snapshots are equal; see `assert_equal`."""
    try:
        assert_equal(decoded, expected)
    except AssertionError:
        return False
    return True
