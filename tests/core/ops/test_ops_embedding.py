"""Embedding: rows of a table by their numbers."""

import numpy as np
import pytest

from tests.core.ops.op_contract import assert_gradients
from tuitrain_core import CoreError, ShapeError, Tensor, random
from tuitrain_core import functional as F
from tuitrain_core import module as M
from tuitrain_core.autodiff import GradManager
from tuitrain_core.ops.embedding import Embedding


@pytest.mark.parametrize("index", [[0, 4, 4, 1], [[3], [3]], 2, np.zeros((0, 2), int)])
def test_rows_are_looked_up_and_repeated_ones_get_the_sum(index):
    index = np.asarray(index)
    weight = np.random.default_rng(0).standard_normal((5, 3))
    output, saved = Embedding().forward(index, weight)
    assert output.shape == (*index.shape, 3)
    for place in np.ndindex(index.shape):
        np.testing.assert_array_equal(output[place], weight[index[place]])
    _, d_weight = Embedding().backward(saved, np.ones_like(output), [False, True])
    expected = [[np.count_nonzero(index == row)] * 3 for row in range(5)]
    np.testing.assert_array_equal(d_weight, expected)
    if index.size:
        assert_gradients(Embedding(), index, weight, constant=(0,))


def test_the_module_learns_the_rows_that_it_gave():
    random.seed(1)
    table = M.Embedding(1000, 8)
    assert table.weight.numpy().std() == pytest.approx(1.0, rel=0.05)
    gm = GradManager().attach(table.parameters())
    with gm:
        gm.backward(table(Tensor(np.array([[1, 3], [3, 3]]))).sum())
    assert table.weight.grad is not None
    np.testing.assert_array_equal(table.weight.grad.numpy()[:5, 0], [0, 1, 0, 3, 0])
    assert repr(table) == "Embedding(1000, 8)"


def test_numbers_may_come_from_floats_that_are_converted():
    weight = Tensor(np.eye(3, dtype=np.float32))
    index = Tensor(np.float32([2.0, 0.0])).astype("int32")
    np.testing.assert_array_equal(F.nn.embedding(index, weight).numpy(), np.eye(3)[[2, 0]])


@pytest.mark.parametrize("wrong", [-1, 5])
def test_a_number_out_of_range_is_named_with_its_place(wrong):
    weight = np.zeros((5, 3), np.float32)
    message = rf"the index at \(1, 0\) is {wrong}; with 5 rows it must be 0 to 4"
    with pytest.raises(CoreError, match=message):
        Embedding().forward(np.array([[0, 1], [wrong, 7]]), weight)


def test_inputs_that_do_not_fit_are_errors():
    weight = np.zeros((5, 3), np.float32)
    with pytest.raises(CoreError, match=r"whole numbers, but is float32 \(astype"):
        Embedding().forward(np.zeros(2, np.float32), weight)
    with pytest.raises(ShapeError, match=r"the weight has shape \(5,\); it must have 2 axes"):
        Embedding().forward(np.zeros(2, int), weight[:, 0])
    with pytest.raises(CoreError, match="at least 1, not num_embeddings=0"):
        M.Embedding(0, 2)
