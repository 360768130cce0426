"""Indexing of tensors is NumPy's: values, assignments and gradients, for random indices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tuitrain_core import IndexRangeError, tensor
from tuitrain_core.autodiff import GradManager

SHAPE = (4, 3, 5)
BASIC = arrays.basic_indices(SHAPE, allow_newaxis=True, allow_ellipsis=True)
INTEGERS = arrays.integer_array_indices(SHAPE, dtype=np.int32)
MASKS = arrays.arrays(bool, SHAPE)


def numbers():
    return np.arange(60, dtype=np.float32).reshape(SHAPE)


def as_tensors(index):
    """Return an index with tensors in place of arrays."""
    if isinstance(index, tuple):
        return tuple(map(as_tensors, index))
    return tensor(index) if isinstance(index, np.ndarray) else index


@settings(max_examples=150, deadline=None)
@given(index=st.one_of(BASIC, INTEGERS, MASKS))
def test_values_assignments_and_gradients(index):
    expected = numbers()[index]
    x = tensor(numbers())
    with GradManager().attach(x) as gm:
        selected = x[as_tensors(index)]
        gm.backward(selected * 2.0)
    np.testing.assert_array_equal(selected.numpy(), expected)
    counts = np.zeros(SHAPE, np.float32)
    np.add.at(counts, index, 2.0)
    if x.grad is not None:
        np.testing.assert_array_equal(x.grad.numpy(), counts)
    assigned, changed = numbers(), tensor(numbers())
    assigned[index] = -1.0
    changed[as_tensors(index)] = -1.0
    np.testing.assert_array_equal(changed.numpy(), assigned)


@pytest.mark.parametrize("index", [5, (0, 0, 0, 0), (slice(None), 3), [4], np.ones(3, bool)])
def test_what_does_not_fit_is_refused_on_reading_and_writing(index):
    x = tensor(numbers())
    with pytest.raises(IndexRangeError, match="does not fit the shape"):
        x[index]
    with pytest.raises(IndexRangeError, match="does not take values of shape"):
        x[index] = 0.0
    np.testing.assert_array_equal(x.numpy(), numbers())
