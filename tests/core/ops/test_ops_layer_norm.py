"""Layer normalization."""

import numpy as np
import pytest

from tests.core.ops import naive
from tests.core.ops.op_contract import assert_gradients
from tuitrain_core import CoreError, ShapeError, Tensor
from tuitrain_core import functional as F
from tuitrain_core import module as M
from tuitrain_core.ops.layer_norm import LayerNorm


def arrays(size, axes):
    rng = np.random.default_rng(15)
    sizes = size[len(size) - axes :]
    x = rng.standard_normal(size) * 2.0 + 1.0
    return x, rng.uniform(0.5, 2.0, sizes), rng.standard_normal(sizes)


@pytest.mark.parametrize(("size", "axes"), [((5,), 1), ((2, 3), 1), ((2, 3, 4), 2), ((1, 2, 7), 1)])
def test_each_sample_is_normalized_over_its_last_axes(size, axes):
    x, weight, bias = arrays(size, axes)
    op = LayerNorm(weight.shape, 0.1)
    expected = naive.layer_norm(x, weight, bias, 0.1)
    np.testing.assert_allclose(op.forward(x, weight, bias)[0], expected, rtol=1e-10)
    plain = naive.layer_norm(x, np.ones_like(weight), np.zeros_like(bias), 0.1)
    np.testing.assert_allclose(op.forward(x)[0], plain, rtol=1e-10)
    assert_gradients(op, x, weight, bias)
    assert_gradients(op, x)


def test_nan_spoils_its_sample_and_no_other():
    x = np.ones((3, 4), np.float32)
    x[1, 2] = np.nan
    output, _ = LayerNorm((4,)).forward(x)
    np.testing.assert_array_equal(np.isnan(output).all(1), [False, True, False])
    np.testing.assert_array_equal(output[0], np.zeros(4))


def test_what_is_not_given_is_one_and_zero():
    x, weight, bias = (Tensor(value, value.dtype) for value in arrays((2, 3), 1))
    ones, zeros = np.ones(3), np.zeros(3)
    for arguments, full in (
        ({"weight": weight}, (weight, zeros)),
        ({"bias": bias}, (ones, bias)),
        ({}, (ones, zeros)),
    ):
        np.testing.assert_allclose(
            F.nn.layer_norm(x, 3, True, **arguments).numpy(),
            F.nn.layer_norm(x, (3,), True, *full).numpy(),
        )


def test_the_module_has_weight_and_bias_of_its_sizes():
    norm = M.LayerNorm((3, 4))
    assert {name: value.shape for name, value in norm.named_parameters()} == {
        "weight": (3, 4),
        "bias": (3, 4),
    }
    x = Tensor(np.random.default_rng(0).standard_normal((2, 3, 4), np.float32))
    np.testing.assert_allclose(norm(x).numpy(), F.nn.layer_norm(x, (3, 4)).numpy(), rtol=1e-6)
    assert list(M.LayerNorm(4, affine=False).parameters()) == []
    assert M.LayerNorm(4).normalized_shape == (4,)
    assert repr(M.LayerNorm(4, affine=False)) == "LayerNorm((4,), eps=1e-05, affine=False)"


def test_inputs_that_do_not_fit_are_errors():
    x = np.ones((2, 3), np.float32)
    one = np.ones(3, np.float32)
    with pytest.raises(ShapeError, match=r"input has shape \(2, 3\); it must end in \(4,\)"):
        LayerNorm((4,)).forward(x)
    with pytest.raises(ShapeError, match=r"it must end in \(1, 2, 3\)"):
        LayerNorm((1, 2, 3)).forward(x)
    with pytest.raises(ShapeError, match=r"the bias has shape \(2,\); it must be \(3,\)"):
        LayerNorm((3,)).forward(x, one, one[:2])
    with pytest.raises(CoreError, match="the input is float32, the weight float64"):
        LayerNorm((3,)).forward(x, one.astype("f8"), one)
    with pytest.raises(CoreError, match="eps is at least 0, but was given -1"):
        LayerNorm((3,), -1.0).forward(x)
    with pytest.raises(CoreError, match="not used without affine"):
        F.nn.layer_norm(Tensor(x), 3, False, weight=Tensor(one))
    with pytest.raises(CoreError, match="normalized_shape is a whole number or a sequence"):
        F.nn.layer_norm(Tensor(x), 3.0)
    with pytest.raises(CoreError, match=r"LayerNorm: .* at least 1, not normalized_shape=0"):
        M.LayerNorm(0)
