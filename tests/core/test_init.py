"""Initial values: their bounds, their spread, and that they come from the seed."""

import math

import numpy as np
import pytest

from tuitrain_core import CoreError, Parameter, ShapeError, init, random


def weight(*shape, dtype="float32"):
    return Parameter(np.full(shape, 9.0), dtype)


def test_constants():
    tensor = weight(2, 3)
    memory = tensor.memory()
    init.fill_(tensor, 0.5)
    assert (memory == 0.5).all()
    init.ones_(tensor)
    assert (memory == 1.0).all()
    init.zeros_(tensor)
    assert (memory == 0.0).all()


@pytest.mark.parametrize(
    ("shape", "fans"), [((7, 5), (5, 7)), ((6, 3, 5, 4), (60, 120)), ((4, 1, 3, 3), (9, 36))]
)
def test_fan_in_and_fan_out(shape, fans):
    assert init.calculate_fan_in_and_fan_out(weight(*shape)) == fans


def test_a_vector_has_no_fans():
    with pytest.raises(ShapeError, match=r"2 or more axes, not \(5,\)"):
        init.xavier_normal_(weight(5))


UNIFORM = [
    (lambda tensor: init.uniform_(tensor, -2.0, 3.0), -2.0, 3.0),
    (
        lambda tensor: init.xavier_uniform_(tensor, 2.0),
        -2 * math.sqrt(6 / 300),
        2 * math.sqrt(6 / 300),
    ),
    (init.msra_uniform_, -math.sqrt(6 / 200), math.sqrt(6 / 200)),
]
NORMAL = [
    (lambda tensor: init.normal_(tensor, 1.0, 0.5), 1.0, 0.5),
    (init.xavier_normal_, 0.0, math.sqrt(2 / 300)),
    (init.msra_normal_, 0.0, math.sqrt(2 / 200)),
    (
        lambda tensor: init.msra_normal_(tensor, 1.0, "fan_out"),
        0.0,
        math.sqrt(1 / 100),
    ),
    (
        lambda tensor: init.msra_normal_(tensor, mode="fan_in", nonlinearity="tanh"),
        0.0,
        5 / 3 / math.sqrt(200),
    ),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("fill", "low", "high"), UNIFORM)
def test_uniform_values_fill_their_range(fill, low, high, dtype):
    random.seed(20)
    tensor = weight(100, 200, dtype=dtype)
    fill(tensor)
    values = tensor.numpy()
    width = high - low
    assert values.dtype == dtype
    assert low <= values.min() < low + 0.01 * width
    assert high - 0.01 * width < values.max() <= high
    # Twenty thousand draws: the mean's standard deviation is 0.002 of the width.
    assert values.mean() == pytest.approx((low + high) / 2, abs=0.01 * width)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("fill", "mean", "std"), NORMAL)
def test_normal_values_have_their_mean_and_spread(fill, mean, std, dtype):
    random.seed(21)
    tensor = weight(100, 200, dtype=dtype)
    fill(tensor)
    values = tensor.numpy()
    assert values.dtype == dtype
    assert values.mean() == pytest.approx(mean, abs=0.04 * std)
    assert values.std() == pytest.approx(std, rel=0.03)


def test_values_come_from_the_seed():
    tensors = [weight(3, 4) for _ in range(3)]
    for tensor, seed in zip(tensors, (1, 1, 2), strict=True):
        random.seed(seed)
        init.normal_(tensor)
    np.testing.assert_array_equal(tensors[0].numpy(), tensors[1].numpy())
    assert (tensors[0].numpy() != tensors[2].numpy()).all()


def test_errors_of_unknown_names_list_the_known_ones():
    with pytest.raises(
        CoreError, match=r"nonlinearity 'rellu' is unknown; .* did you mean 'relu'\?"
    ):
        init.msra_normal_(weight(2, 2), nonlinearity="rellu")
    with pytest.raises(CoreError, match="mode is 'fan_in' or 'fan_out', but was given 'fan'"):
        init.msra_uniform_(weight(2, 2), mode="fan")
