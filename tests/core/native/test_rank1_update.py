"""The fused update and product of one sample has the bits of the separate kernels."""

from __future__ import annotations

import numpy as np
import pytest
from fenced_memory import fenced

from tuitrain_core.native.linalg import linear
from tuitrain_core.native.optim import rank1_update, update
from tuitrain_core.native.optim.update_rules import RULES
from tuitrain_core.native.runtime.library import run

pytestmark = pytest.mark.usefixtures("cpu")

SCALARS = {
    "sgd": [(0.1, 0.0), (0.1, 0.01), (0.0, 0.01)],
    "sgd_momentum": [(0.1, 0.9, 0.0, 0.0), (0.1, 0.9, 0.01, 1.0)],
    "adam": [
        (0.01, 0.9, 0.999, 0.1, 0.001, 0.03, 1e-8, 0.0, 0.0),
        (0.01, 0.9, 0.999, 0.1, 0.001, 0.03, 1e-8, 0.01, 0.01),
    ],
}
CASES = [(rule, scalars) for rule, values in SCALARS.items() for scalars in values]
SIZES = [(1, 1), (17, 5), (33, 18), (64, 4), (130, 35)]


class Layer:
    """The arrays of a layer, its update and its next sample; equal for equal sizes."""

    def __init__(self, rule: str, scalars: tuple[float, ...], K: int, N: int) -> None:
        draw = np.random.default_rng(K)

        def drawn(*shape: int) -> np.ndarray:
            return fenced(draw.standard_normal(shape))

        self.rule, self.sizes, self.scalars = rule, (K, N), fenced(scalars)
        self.weight, self.d, self.bias = drawn(N, K), drawn(N), drawn(N)
        self.before, self.now = drawn(K), drawn(K)
        self.slots = [fenced(draw.random((N, K))) for _ in range(RULES[rule].slots)]
        self.y = fenced(np.full(N, np.nan))

    def run_fused(self, relu: bool, bias: bool, ranges=None) -> None:
        K, N = self.sizes
        kernel = rank1_update.update_and_forward(self.rule, K, relu, bias)
        values = self.weight, *self.slots, self.scalars, self.d, self.before, self.now
        for first, last in ranges or [(0, N)]:
            run(kernel, *values, self.bias if bias else 0, self.y, first, last)

    def run_separately(self, relu: bool, bias: bool) -> None:
        K, N = self.sizes
        grad, sums = np.empty((N, K), np.float32), np.zeros((1, 3), np.float32)
        run(linear.weight_gradient(K, N, N, K), self.d, self.before, grad, 1, 0, N)
        kernel, size = update.update(self.rule), self.weight.size
        run(kernel, self.weight, grad, *self.slots, self.scalars, sums, size, size, 0, 1)
        forward = linear.forward(K, N, K, N, relu, bias)
        run(forward, self.now, self.weight, self.bias if bias else 0, self.y, 1, 0, N)

    def results(self) -> list[np.ndarray]:
        return [self.weight, self.y, *self.slots]


def assert_equal(one: Layer, other: Layer) -> None:
    for actual, expected in zip(one.results(), other.results(), strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize(("rule", "scalars"), CASES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("relu", "bias"), [(True, True), (False, False), (True, False)])
def test_the_bits_are_those_of_gradient_update_and_product(rule, scalars, sizes, relu, bias):
    one, other = (Layer(rule, scalars, *sizes) for _ in range(2))
    for _ in range(3):
        one.run_fused(relu, bias)
        other.run_separately(relu, bias)
    assert_equal(one, other)


def test_every_supported_rule_is_tested():
    assert set(rank1_update.SUPPORTED_RULES) == set(SCALARS)


@pytest.mark.parametrize("cut", [[(0, 16), (16, 35)], [(3, 35), (0, 3)], [(5, 5), (0, 35)]])
def test_any_split_of_the_outputs_has_the_same_bits(cut):
    one, other = (Layer("adam", SCALARS["adam"][0], 130, 35) for _ in range(2))
    one.run_fused(True, True, cut)
    other.run_fused(True, True)
    assert_equal(one, other)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["weight", "d", "before", "now"])
def test_nonfinite_values_have_the_same_results(bad, where):
    one, other = (Layer("sgd_momentum", SCALARS["sgd_momentum"][0], 33, 18) for _ in range(2))
    for layer in (one, other):
        getattr(layer, where).reshape(-1)[7] = bad
    one.run_fused(False, True)
    other.run_separately(False, True)
    assert_equal(one, other)
    assert not np.isfinite(one.y).all()
