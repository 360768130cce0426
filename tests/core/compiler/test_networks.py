"""Random networks: recorded, eager and float64 steps agree.

``make networks`` tries two thousand; the number is in the environment variable TUITRAIN_NETWORKS.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from cases import eager, gradients
from networks import Problem, problem

from tuitrain_core import Parameter, Tensor, random
from tuitrain_core.compiler import Program, trace

pytestmark = pytest.mark.slow


NETWORKS = int(os.environ.get("TUITRAIN_NETWORKS", "16"))


def recorded(drawn: Problem) -> tuple[float, list]:
    state = drawn.net.state_dict()
    with random.scope(random.make_generator(3)):
        program = Program(trace(drawn.loss, drawn.images, drawn.labels), len(drawn.labels))
    drawn.net.load_state_dict(state)
    rows, parameters = len(drawn.labels), list(drawn.net.parameters())
    program.inputs(rows)[0][...], program.targets(rows)[...] = drawn.images, drawn.labels
    with random.scope(random.make_generator(5)):
        return program.differentiate(rows, parameters), gradients(parameters)


def eagerly(drawn: Problem, dtype: str) -> tuple[float, list]:
    for module in drawn.net.modules():
        for key, value in vars(module).items():
            if isinstance(value, Tensor):
                kind = Parameter if isinstance(value, Parameter) else Tensor
                setattr(module, key, kind(value.numpy().astype(dtype)))
    parameters = list(drawn.net.parameters())
    with random.scope(random.make_generator(5)), np.errstate(all="ignore"):
        loss = eager(drawn.loss, parameters, drawn.images.astype(dtype), drawn.labels)
    return loss, gradients(parameters)


def finite(arrays: list) -> list[bool]:
    return [bool(np.isfinite(array).all()) for array in arrays]


def distance(actual: list, expected: list) -> float:
    """Return the largest difference between gradients, as a share of the largest gradient."""
    largest = max(np.abs(array).max() for array in expected) or 1.0
    return float(max(np.abs(a - b).max() for a, b in zip(actual, expected, strict=True)) / largest)


@pytest.mark.parametrize("seed", range(NETWORKS))
def test_the_tiers_agree_also_about_what_is_not_finite(seed: int) -> None:
    drawn = problem(seed)
    loss, actual = recorded(drawn)
    buffers = [buffer.numpy().copy() for buffer in drawn.net.buffers()]
    again = problem(seed)
    expected, reference = eagerly(again, "float32")
    eager_buffers = [buffer.numpy().copy() for buffer in again.net.buffers()]
    exact, precise = eagerly(problem(seed), "float64")
    assert np.isnan(loss) == np.isnan(expected), (drawn.data, loss, expected, exact)
    assert np.isfinite(loss) == np.isfinite(expected), (drawn.data, loss, expected, exact)
    assert finite(actual) == finite(reference)
    assert finite(buffers) == finite(eager_buffers)
    if drawn.data in ("huge", "tiny") or not np.isfinite(exact):
        return  # float64 has a larger range
    if drawn.data == "same sample" and np.isnan(loss):
        return  # float64 rounds the products of equal rows, whose variance is then not 0
    assert np.isfinite(loss)
    assert loss == pytest.approx(exact, rel=1e-4 + 30 * abs(expected / exact - 1))
    assert distance(actual, precise) < 1e-4 + 30 * distance(reference, precise)
