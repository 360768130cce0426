"""Arrays in fenced memory: an access past them crashes, and a write between rows is detected."""

import ctypes
import mmap

import numpy as np

_libc = ctypes.CDLL(None, use_errno=True)


def fenced(values):
    """Return a float32 copy that ends where an inaccessible page begins."""
    values = np.ascontiguousarray(values, np.float32)
    pages = -(-values.nbytes // mmap.PAGESIZE) or 1
    memory = mmap.mmap(-1, (pages + 1) * mmap.PAGESIZE)
    whole = np.frombuffer(memory, np.uint8)
    fence = ctypes.c_void_p(whole.ctypes.data + pages * mmap.PAGESIZE)
    assert _libc.mprotect(fence, ctypes.c_size_t(mmap.PAGESIZE), 0) == 0
    start = pages * mmap.PAGESIZE - values.nbytes
    copy = whole[start : pages * mmap.PAGESIZE].view(np.float32).reshape(values.shape)
    copy[...] = values
    return copy


def rows(values, pitch):
    """Return fenced rows, NaN between them, and the view of their values."""
    count, features = values.shape
    padded = np.full((count, pitch), np.nan, np.float32)
    padded[:, :features] = values
    flat = fenced(padded.reshape(-1)[: (count - 1) * pitch + features if count else 0])
    return flat, _view(flat, count, features, pitch)


UNTOUCHED = np.float32(-12345.678)


def empty_rows(count, features, pitch):
    """Return fenced rows to write, all UNTOUCHED, and the view of their values."""
    values = np.full((count, features), UNTOUCHED, np.float32)
    flat, view = rows(values, pitch)
    flat[...] = UNTOUCHED
    return flat, view


def between(flat, count, features, pitch):
    """Return the floats between the rows."""
    outside = np.ones(flat.shape, bool)
    _view(outside, count, features, pitch)[...] = False
    return flat[outside]


def _view(flat, count, features, pitch):
    strides = (pitch * flat.itemsize, flat.itemsize)
    return np.lib.stride_tricks.as_strided(flat, (count, features), strides)


def close(actual, expected, magnitude, rtol=1e-5):
    """Compare sums of products; the error is relative to the sum of magnitudes."""
    actual = np.asarray(actual, np.float64)
    assert actual.shape == expected.shape
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    infinite = np.isinf(expected)
    np.testing.assert_array_equal(actual[infinite], expected[infinite])
    finite = np.isfinite(expected)
    bound = rtol * np.broadcast_to(magnitude, expected.shape)[finite] + 1e-30
    assert np.all(np.abs(actual[finite] - expected[finite]) <= bound)
