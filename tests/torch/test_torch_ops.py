"""Forward values and gradients against PyTorch, in float64 and float32.

Both start from the same numbers. Tolerances are by norm: 1e-11 in float64, and in float32 1e-5,
which is what the order of a sum may cost.
"""

import numpy as np
import pytest

# A version is asked for because a folder named torch (this one) could pass for the package.
torch = pytest.importorskip("torch", minversion="2.0")

from tuitrain_core import Tensor, tensor  # noqa: E402
from tuitrain_core import functional as F  # noqa: E402
from tuitrain_core.autodiff import GradManager  # noqa: E402

pytestmark = pytest.mark.torch
TOLERANCE = {"float64": 1e-11, "float32": 1e-5}


@pytest.fixture(params=["float64", "float32"])
def dtype(request):
    return request.param


def values(dtype, *sizes, seed=40):
    return np.random.default_rng(seed).standard_normal(sizes).astype(dtype)


def relative(actual, expected):
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape
    return np.linalg.norm(actual - expected) / max(np.linalg.norm(expected), 1e-30)


def compare(ours, reference, arrays, dtype):
    """Assert that two functions of the same arrays have equal values and gradients."""
    tensors = [Tensor(array, array.dtype) for array in arrays]
    others = [torch.tensor(array, requires_grad=True) for array in arrays]
    expected = reference(*others)
    seed = values(dtype, *expected.shape, seed=41)
    expected.backward(torch.tensor(seed))
    with GradManager().attach(tensors) as gm:
        output = ours(*tensors)
        gm.backward(output, Tensor(seed, seed.dtype))
    assert output.dtype == dtype
    assert relative(output.numpy(), expected.detach().numpy()) < TOLERANCE[dtype]
    for our_tensor, their_tensor in zip(tensors, others, strict=True):
        assert our_tensor.grad.dtype == dtype
        assert relative(our_tensor.grad.numpy(), their_tensor.grad.numpy()) < TOLERANCE[dtype]


@pytest.mark.parametrize(
    ("size", "out", "kernel", "stride", "padding", "groups"),
    [
        ((2, 1, 28, 28), 6, (5, 5), (1, 1), (2, 2), 1),
        ((3, 6, 14, 14), 16, (5, 5), (1, 1), (0, 0), 1),
        ((2, 4, 9, 7), 6, (3, 2), (2, 1), (1, 0), 2),
        ((1, 8, 5, 5), 8, (3, 3), (1, 2), (1, 2), 8),
        ((2, 16, 8, 8), 32, (1, 1), (2, 2), (0, 0), 1),
    ],
)
def test_conv2d(size, out, kernel, stride, padding, groups, dtype):
    arrays = [
        values(dtype, *size),
        values(dtype, out, size[1] // groups, *kernel),
        values(dtype, 1, out, 1, 1),
    ]
    compare(
        lambda x, w, b: F.conv2d(x, w, b, stride, padding, groups=groups),
        lambda x, w, b: torch.nn.functional.conv2d(
            x, w, b.reshape(-1), stride, padding, groups=groups
        ),
        arrays,
        dtype,
    )


POOLS = [(2, 2, 0), (3, 1, 1), ((3, 2), (2, 3), (1, 1)), (2, 1, 0)]


@pytest.mark.parametrize(("kernel", "stride", "padding"), POOLS)
def test_max_pool2d(kernel, stride, padding, dtype):
    compare(
        lambda x: F.max_pool2d(x, kernel, stride, padding),
        lambda x: torch.nn.functional.max_pool2d(x, kernel, stride, padding),
        [values(dtype, 2, 3, 9, 8)],
        dtype,
    )


@pytest.mark.parametrize("mode", ["average", "average_count_exclude_padding"])
@pytest.mark.parametrize(("kernel", "stride", "padding"), POOLS)
def test_avg_pool2d(kernel, stride, padding, mode, dtype):
    compare(
        lambda x: F.avg_pool2d(x, kernel, stride, padding, mode),
        lambda x: torch.nn.functional.avg_pool2d(
            x, kernel, stride, padding, count_include_pad=mode == "average"
        ),
        [values(dtype, 2, 3, 9, 8)],
        dtype,
    )


@pytest.mark.parametrize("size", [(6, 3), (4, 3, 5), (4, 3, 5, 6)])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(size, training, dtype):
    C = size[1]
    mean, var = values(dtype, C, seed=42), np.abs(values(dtype, C, seed=43)) + 0.5
    our_mean, our_var = Tensor(mean, mean.dtype), Tensor(var, var.dtype)
    their_mean, their_var = torch.tensor(mean), torch.tensor(var)
    compare(
        lambda x, w, b: F.batch_norm(x, our_mean, our_var, w, b, training=training, momentum=0.7),
        lambda x, w, b: torch.nn.functional.batch_norm(
            x, their_mean, their_var, w, b, training=training, momentum=0.3
        ),
        [values(dtype, *size), values(dtype, C, seed=44), values(dtype, C, seed=45)],
        dtype,
    )
    assert relative(our_mean.numpy(), their_mean.numpy()) < TOLERANCE[dtype]
    assert relative(our_var.numpy(), their_var.numpy()) < TOLERANCE[dtype]


@pytest.mark.parametrize("smooth", [0.0, 0.1])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("size", [(7, 10), (3, 4, 5)])
def test_cross_entropy(size, reduction, smooth, dtype):
    label = np.random.default_rng(46).integers(0, size[1], (size[0], *size[2:]))
    compare(
        lambda x: F.cross_entropy(x, tensor(label), label_smooth=smooth, reduction=reduction),
        lambda x: torch.nn.functional.cross_entropy(
            x, torch.tensor(label), label_smoothing=smooth, reduction=reduction
        ),
        [3.0 * values(dtype, *size)],
        dtype,
    )


@pytest.mark.parametrize("approximate", [False, True])
def test_gelu(approximate, dtype):
    compare(
        lambda x: F.gelu(x, approximate),
        lambda x: torch.nn.functional.gelu(x, approximate="tanh" if approximate else "none"),
        [3.0 * values(dtype, 50, 7)],
        dtype,
    )


@pytest.mark.parametrize(
    ("ours", "reference"),
    [
        (F.relu, torch.relu),
        (F.tanh, torch.tanh),
        (F.sigmoid, torch.sigmoid),
        (lambda x: F.softmax(x, -1), lambda x: torch.softmax(x, -1)),
        (lambda x: F.logsoftmax(x, -1), lambda x: torch.log_softmax(x, -1)),
        (F.exp, torch.exp),
    ],
)
def test_functions_of_one_array(ours, reference, dtype):
    compare(ours, reference, [2.0 * values(dtype, 9, 11)], dtype)


def test_linear_and_square_loss(dtype):
    compare(
        lambda x, w, b, y: F.square_loss(F.linear(x, w, b), y),
        lambda x, w, b, y: torch.nn.functional.mse_loss(torch.nn.functional.linear(x, w, b), y),
        [values(dtype, 5, 6), values(dtype, 4, 6), values(dtype, 4), values(dtype, 5, 4)],
        dtype,
    )
