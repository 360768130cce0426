"""Random networks: the recorded step, the eager one and the one in float64 agree.

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

NETWORKS = int(os.environ.get("TUITRAIN_NETWORKS", "16"))


def recorded(given: Problem) -> tuple[float, list]:
    before = given.net.state_dict()
    with random.scope(random.make_generator(3)):
        program = Program(trace(given.loss, given.images, given.labels), len(given.labels))
    given.net.load_state_dict(before)
    rows, parameters = len(given.labels), list(given.net.parameters())
    program.images(rows)[...], program.labels(rows)[...] = given.images, given.labels
    with random.scope(random.make_generator(5)):
        return program.differentiate(rows, parameters), gradients(parameters)


def by_hand(given: Problem, dtype: str) -> tuple[float, list]:
    for module in given.net.modules():
        for key, value in vars(module).items():
            if isinstance(value, Tensor):
                kind = Parameter if isinstance(value, Parameter) else Tensor
                setattr(module, key, kind(value.numpy().astype(dtype)))
    parameters = list(given.net.parameters())
    with random.scope(random.make_generator(5)), np.errstate(all="ignore"):
        loss = eager(given.loss, parameters, given.images.astype(dtype), given.labels)
    return loss, gradients(parameters)


def finite(found: list) -> list[bool]:
    return [bool(np.isfinite(each).all()) for each in found]


def away(mine: list, theirs: list) -> float:
    """Return how far gradients are from others, as a share of the largest."""
    largest = max(np.abs(each).max() for each in theirs) or 1.0
    return float(max(np.abs(a - b).max() for a, b in zip(mine, theirs, strict=True)) / largest)


@pytest.mark.parametrize("seed", range(NETWORKS))
def test_the_tiers_agree_and_what_is_not_finite_is_seen_in_both(seed: int) -> None:
    given = problem(seed)
    loss, mine = recorded(given)
    moved = [each.numpy().copy() for each in given.net.buffers()]
    again = problem(seed)
    expected, theirs = by_hand(again, "float32")
    buffers = [each.numpy().copy() for each in again.net.buffers()]
    exact, precise = by_hand(problem(seed), "float64")
    assert np.isnan(loss) == np.isnan(expected), (given.data, loss, expected, exact)
    assert np.isfinite(loss) == np.isfinite(expected), (given.data, loss, expected, exact)
    assert finite(mine) == finite(theirs)
    assert finite(moved) == finite(buffers)
    if given.data in ("huge", "tiny") or not np.isfinite(exact):
        return  # float64 has room for more
    if given.data == "same sample" and np.isnan(loss):
        return  # and rounds the products of equal rows, whose variance is then not 0
    assert np.isfinite(loss)
    assert loss == pytest.approx(exact, rel=1e-4 + 30 * abs(expected / exact - 1))
    assert away(mine, precise) < 1e-4 + 30 * away(theirs, precise)
