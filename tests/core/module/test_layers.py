"""Layers: their shapes, first values, modes and refusals."""

import numpy as np
import pytest

from tuitrain_core import CoreError, ShapeError, Tensor, random
from tuitrain_core import functional as F
from tuitrain_core import module as M


@pytest.fixture(autouse=True)
def _seeded():
    random.seed(30)


def images(*sizes):
    return Tensor(np.random.default_rng(31).standard_normal(sizes, np.float32))


def test_linear_starts_with_a_zero_bias_and_weights_of_size_one_over_fan_in():
    layer = M.Linear(400, 300)
    assert (layer.weight.shape, layer.bias.shape) == ((300, 400), (300,))
    assert not layer.bias.numpy().any()
    assert layer.weight.numpy().std() == pytest.approx(1 / 20, rel=0.02)
    assert M.Linear(4, 3)(images(2, 5, 4)).shape == (2, 5, 3)


def test_conv2d_starts_with_a_zero_bias_and_weights_of_size_one_over_fan_in():
    layer = M.Conv2d(32, 64, (3, 5), stride=(2, 1), padding=1, groups=2)
    assert (layer.weight.shape, layer.bias.shape) == ((2, 32, 16, 3, 5), (1, 64, 1, 1))
    assert not layer.bias.numpy().any()
    assert layer.weight.numpy().std() == pytest.approx(1 / np.sqrt(16 * 15), rel=0.03)
    assert layer(images(2, 32, 9, 8)).shape == (2, 64, 5, 6)


def test_layers_without_bias():
    assert [name for name, _ in M.Linear(2, 3, bias=False).named_parameters()] == ["weight"]
    layer = M.Conv2d(1, 2, 3, bias=False)
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    assert M.Sequential(layer, M.Flatten(), M.Linear(18, 3, bias=False))(
        images(2, 1, 5, 5)
    ).shape == (
        2,
        3,
    )


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (M.ReLU(), F.relu),
        (M.Tanh(), F.tanh),
        (M.Sigmoid(), F.sigmoid),
        (M.Softmax(1), lambda x: F.softmax(x, 1)),
        (M.GELU(), F.gelu),
        (M.GELU(approximate=True), lambda x: F.gelu(x, approximate=True)),
        (M.MaxPool2d(2), lambda x: F.max_pool2d(x, 2)),
        (M.MaxPool2d(3, 1, 1), lambda x: F.max_pool2d(x, 3, 1, 1)),
        (M.AvgPool2d((2, 1)), lambda x: F.avg_pool2d(x, (2, 1))),
        (M.AvgPool2d(3, 2, 1, "average"), lambda x: F.avg_pool2d(x, 3, 2, 1, "average")),
        (M.Flatten(), lambda x: F.flatten(x, 1)),
        (M.Flatten(2, 3), lambda x: F.flatten(x, 2, 3)),
        (M.Identity(), lambda x: x),
    ],
    ids=lambda case: repr(case) if isinstance(case, M.Module) else "",
)
def test_a_layer_does_what_its_function_does(layer, function):
    x = images(2, 3, 6, 4)
    np.testing.assert_array_equal(layer(x).numpy(), function(x).numpy())
    assert list(layer.parameters()) == []


def test_sequential_applies_in_order_and_counts_from_either_end():
    net = M.Sequential(*[M.Linear(2, 2) for _ in range(11)])
    x = images(3, 2)
    expected = x
    for layer in net:
        expected = layer(expected)
    np.testing.assert_array_equal(net(x).numpy(), expected.numpy())
    assert len(net) == 11
    assert net[-1] is net[10]
    for position in (11, -12):
        with pytest.raises(IndexError, match=f"there are 11 modules, and none at {position}"):
            net[position]
    head = net[8:]
    assert list(head) == [net[8], net[9], net[10]]
    assert [name for name, _ in head.named_children()] == ["0", "1", "2"]


def test_dropout_acts_while_training_only():
    layer, x = M.Dropout(0.5), images(50, 4)
    assert (layer(x).numpy() == 0).any()
    assert layer.eval()(x) is x
    with pytest.raises(CoreError, match=r"Dropout: the probability is in \[0, 1\), not 1.5"):
        M.Dropout(1.5)


@pytest.mark.parametrize(
    ("layer", "size", "shape"),
    [
        (M.BatchNorm1d, (6, 3), (3,)),
        (M.BatchNorm1d, (6, 3, 4), (3,)),
        (M.BatchNorm2d, (6, 3, 2, 4), (1, 3, 1, 1)),
    ],
)
class TestBatchNorm:
    def test_names_and_shapes(self, layer, size, shape):
        norm = layer(3)
        state = norm.state_dict()
        assert list(state) == ["bias", "running_mean", "running_var", "weight"]
        assert {array.shape for array in state.values()} == {shape}
        assert [name for name, _ in norm.named_parameters()] == ["bias", "weight"]

    def test_training_uses_the_batch_and_moves_the_running_statistics(self, layer, size, shape):
        norm, x = layer(3), images(*size)
        output = norm(x).numpy()
        others = tuple(i for i in range(len(size)) if i != 1)
        np.testing.assert_allclose(output.mean(others), np.zeros(3), atol=1e-6)
        np.testing.assert_allclose(output.std(others), np.ones(3), rtol=1e-3)
        np.testing.assert_allclose(
            norm.running_mean.numpy().reshape(-1), 0.1 * x.numpy().mean(others), rtol=1e-5
        )

    def test_evaluation_uses_the_running_statistics_and_leaves_them(self, layer, size, shape):
        norm, x = layer(3), images(*size)
        norm(x)
        before = norm.eval().state_dict()
        wide = (1, 3, *[1] * (len(size) - 2))
        mean, var = (before[f"running_{name}"].reshape(wide) for name in ("mean", "var"))
        expected = (x.numpy() - mean) / np.sqrt(var + 1e-5)
        np.testing.assert_allclose(norm(x).numpy(), expected, rtol=1e-5, atol=1e-6)
        for name, values in norm.state_dict().items():
            np.testing.assert_array_equal(values, before[name])

    def test_frozen_it_stays_as_it_is_through_train(self, layer, size, shape):
        norm, x = layer(3), images(*size)
        norm(x)
        expected = norm.eval()(x).numpy()
        before = norm.state_dict()
        norm.frozen = True
        np.testing.assert_array_equal(norm.train()(x).numpy(), expected)
        for name, values in norm.state_dict().items():
            np.testing.assert_array_equal(values, before[name])
        norm.frozen = False
        norm(x)
        assert (norm.running_mean.numpy() != before["running_mean"]).any()

    def test_without_parameters_or_without_running_statistics(self, layer, size, shape):
        x = images(*size)
        assert list(layer(3, affine=False).parameters()) == []
        plain = layer(3, affine=False, track_running_stats=False)
        assert plain.state_dict() == {}
        expected = layer(3)(x).numpy()
        np.testing.assert_array_equal(plain(x).numpy(), expected)
        np.testing.assert_array_equal(plain.eval()(x).numpy(), expected)

    def test_refuses_other_numbers_of_axes(self, layer, size, shape):
        with pytest.raises(ShapeError, match=f"{layer.__name__}: the input has shape"):
            layer(3)(images(3))


def test_invalid_sizes_are_named():
    with pytest.raises(
        CoreError, match=r"Linear: .* whole numbers of at least 1, not in_features=0"
    ):
        M.Linear(0, 3)
    with pytest.raises(CoreError, match=r"Conv2d: sizes are whole .* kernel_size=0"):
        M.Conv2d(1, 1, 0)
    with pytest.raises(CoreError, match="do not both divide into 3 groups"):
        M.Conv2d(3, 4, 3, groups=3)
    with pytest.raises(CoreError, match=r"BatchNorm2d: .* at least 1, not num_features=0"):
        M.BatchNorm2d(0)
    with pytest.raises(CoreError, match=r"kernel_size is a whole number or a pair .* \(1, 2, 3\)"):
        M.MaxPool2d((1, 2, 3))
    with pytest.raises(CoreError, match="stride is a whole number or a pair of them"):
        M.Conv2d(1, 1, 3, stride=1.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: M.Linear("3", 2), r"Linear: .* not in_features='3'"),
        (lambda: M.Linear(3, 2.0), r"Linear: .* not out_features=2\.0"),
        (lambda: M.Linear(True, 0), "not in_features=True, out_features=0"),
        (lambda: M.Conv2d(3.0, 2, 3), r"Conv2d: .* not in_channels=3\.0"),
        (lambda: M.Conv2d(2, 2, 3, groups=1.0), r"not groups=1\.0"),
        (lambda: M.Embedding(4, None), "not embedding_dim=None"),
        (lambda: M.BatchNorm1d(3.0), r"BatchNorm1d: .* not num_features=3\.0"),
        (lambda: M.BatchNorm2d(3, momentum=1.5), r"BatchNorm2d: momentum is in \[0, 1\], not 1.5"),
        (lambda: M.BatchNorm2d(3, momentum=None), "momentum is in .* not None"),
        (lambda: M.BatchNorm2d(3, eps=float("nan")), "eps is at least 0, but was given nan"),
        (lambda: M.LayerNorm(()), "LayerNorm: .* not normalized_shape=0"),
        (lambda: M.LayerNorm(3, eps=-1.0), r"LayerNorm: eps is at least 0, but was given -1\.0"),
        (lambda: M.Dropout("0.5"), r"the probability is in \[0, 1\), not '0.5'"),
        (lambda: M.Sequential([M.ReLU()]), r"modules one by one, but at 0 is \[ReLU\(\)\]"),
        (lambda: M.Sequential(M.ReLU(), M.ReLU), "one by one, but at 1 is <class"),
    ],
)
def test_an_invalid_layer_is_refused_in_its_constructor(make, message):
    with pytest.raises(CoreError, match=message):
        make()


def test_sizes_may_be_numpys_whole_numbers():
    assert M.Linear(np.int64(2), np.int32(3))(images(1, 2)).shape == (1, 3)


def test_functions_stand_among_the_modules_of_a_sequence():
    net = M.Sequential(M.Linear(2, 3), F.relu)
    assert net(images(5, 2)).numpy().min() == 0.0
    assert [name for name, _ in net.named_parameters()] == ["0.bias", "0.weight"]
