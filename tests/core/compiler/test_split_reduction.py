"""The batch size alone decides the parts of a sum; any number of threads may share them."""

import numpy as np
import pytest
from cases import assert_gradients_agree, batch, eager, gradients, gradients_by_threads, make_case

from tuitrain_core.compiler import Program, trace
from tuitrain_core.compiler.execution.executor import Executable
from tuitrain_core.compiler.planning.call import MAX_THREADS, Call
from tuitrain_core.compiler.planning.split_reduction import MAX_FLOATS, MAX_PARTS, count_parts
from tuitrain_core.native.linalg import linear

ROWS = 70


@pytest.mark.parametrize("threads", [1, 2, 3, MAX_THREADS])
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("total", [1, 3, 16, 35])
def test_threads_share_similar_calls_as_if_they_were_one(threads, count, total):
    """Every unit of every call, a sum of a column, is computed by one thread."""
    rows = np.random.default_rng(0).standard_normal((count, 3, total)).astype(np.float32)
    sums = np.full((count, total), np.nan, np.float32)
    kernel = linear.bias_gradient(total, total)
    calls = [
        Call(kernel, (rows[i], sums[i], 3), total, 16, barrier_before=not i, share=(i, count))
        for i in range(count)
    ]
    Executable(calls, threads).run()
    np.testing.assert_allclose(sums, rows.sum(1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("rows", "size", "count"),
    [
        (1, 10, 1),
        (31, 10, 1),
        (32, 10, 2),
        (63, 10, 2),
        (64, 10, 4),
        (100_000, 10, MAX_PARTS),
        (256, MAX_FLOATS // 2, 2),
        (256, MAX_FLOATS // 3, 2),
        (256, MAX_FLOATS, 1),
        (256, 10 * MAX_FLOATS, 1),
    ],
)
def test_parts_have_enough_samples_and_fit_the_cache(rows, size, count):
    assert count_parts(rows, size) == count


@pytest.mark.parametrize("name", ["lenet", "residual", "block"])
@pytest.mark.parametrize("rows", [ROWS - 1, ROWS])
def test_gradients_of_many_samples_match_the_eager_tier(name: str, rows: int) -> None:
    net, loss_of, shape, classes = make_case(name)
    net.eval()
    images, labels = batch(shape, classes, rows)
    program = Program(trace(loss_of, images, labels), ROWS)
    parameters = list(net.parameters())
    program.inputs(rows)[0][...] = images
    program.targets(rows)[...] = labels
    actual = gradients_by_threads(program, rows, parameters)
    eager(loss_of, parameters, images, labels)
    assert_gradients_agree(actual, gradients(parameters))
