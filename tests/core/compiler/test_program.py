"""A recorded step has the loss and gradients of the eager tier."""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np
import pytest
from cases import (
    CAPACITY,
    CASES,
    OF_INTEGERS,
    WITH_FALLBACK,
    assert_gradients_agree,
    batch,
    eager,
    gradients,
    gradients_by_threads,
    make_case,
)

from tuitrain_core import CoreError, Parameter, ShapeError, Tensor, random, tensor
from tuitrain_core import functional as F
from tuitrain_core.compiler import NotRecordableError, Program, trace
from tuitrain_core.compiler.planner import Planner
from tuitrain_core.module import (
    BatchNorm1d,
    BatchNorm2d,
    Embedding,
    LayerNorm,
    Linear,
    Module,
)

FEW_QUICK = [
    case if case in ("cnn", "mlp") else pytest.param(case, marks=pytest.mark.slow) for case in CASES
]
"""All cases, of which ``make test`` runs two: each compiles kernels of its own."""


@pytest.mark.parametrize(
    ("name", "rows"),
    [(name, n) for name in CASES for n in (CAPACITY, 5, 1) if n > 1 or name != "norm of rows"],
)
@pytest.mark.slow
def test_loss_and_gradients_match_the_eager_tier(name: str, rows: int) -> None:
    net, loss_of, shape, classes = make_case(name)
    with random.scope(random.make_generator(3)):
        program = Program(trace(loss_of, *batch(shape, classes)), CAPACITY)
    parameters = list(net.parameters())
    images, labels = batch(shape, classes, rows)
    program.inputs(rows)[0][...] = images
    program.targets(rows)[...] = labels
    with random.scope(random.make_generator(5)) as generator:
        loss = program.differentiate(rows, parameters)
        actual = gradients(parameters)
    with random.scope(random.make_generator(5)) as eager_generator:
        expected = eager(loss_of, parameters, images, labels)
    assert repr(generator.bit_generator.state) == repr(eager_generator.bit_generator.state)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert_gradients_agree(actual, gradients(parameters))


@pytest.mark.parametrize("name", [case for case in CASES if case not in WITH_FALLBACK])
def test_all_operations_have_kernels(name: str) -> None:
    net, loss_of, shape, classes = make_case(name)
    program = Program(trace(loss_of, *batch(shape, classes)), CAPACITY)
    parameters = list(net.parameters())
    assert program.plan_statistics(parameters).python_calls == 0
    assert program.is_native(parameters)


def test_whether_a_step_is_native_is_planned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked before each burst, and takes a plan of the step."""
    net, loss_of, shape, classes = make_case("mlp")
    program = Program(trace(loss_of, *batch(shape, classes)), CAPACITY)
    first, *others = net.parameters()
    assert program.is_native([first, *others])
    assert program.is_native(others)
    monkeypatch.delattr(Planner, "plan")
    assert program.is_native([first, *others])
    assert program.is_native(others)


@pytest.mark.parametrize("name", ["block", "norm of rows"])
def test_running_statistics_follow_as_in_the_eager_tier(name: str) -> None:
    net, loss_of, shape, classes = make_case(name)
    images, labels = batch(shape, classes)
    program = Program(trace(loss_of, images, labels), CAPACITY)
    results = []
    for step in (program, None):
        for key, buffer in net.named_buffers():
            buffer.memory()[...] = 1.0 if "var" in key else 0.0
        if step is None:
            loss_of(tensor(images), tensor(labels))
        else:
            step.inputs(CAPACITY)[0][...] = images
            step.targets(CAPACITY)[...] = labels
            step.differentiate(CAPACITY, [])
        results.append({key: buffer.numpy().copy() for key, buffer in net.named_buffers()})
    for key, expected in results[1].items():
        np.testing.assert_allclose(results[0][key], expected, rtol=1e-5, atol=1e-6, err_msg=key)


def test_a_frozen_norm_uses_and_keeps_its_running_statistics() -> None:
    net, loss_of, shape, classes = make_case("block")
    draw = np.random.default_rng(4)
    for _, buffer in net.named_buffers():
        buffer.memory()[...] = draw.uniform(0.5, 2.0, buffer.shape)
    for module in net.modules():
        if isinstance(module, BatchNorm2d):
            module.frozen = True
    before = net.state_dict()
    images, labels = batch(shape, classes)
    program = Program(trace(loss_of, images, labels), CAPACITY)
    program.inputs(CAPACITY)[0][...] = images
    program.targets(CAPACITY)[...] = labels
    parameters = list(net.parameters())
    loss = program.differentiate(CAPACITY, parameters)
    actual = gradients(parameters)
    assert loss == pytest.approx(eager(loss_of, parameters, images, labels), rel=1e-5)
    assert_gradients_agree(actual, gradients(parameters))
    for key, _ in net.named_buffers():
        np.testing.assert_array_equal(net.state_dict()[key], before[key])


def test_a_norm_rejects_a_single_value() -> None:
    _, loss_of, shape, classes = make_case("norm of rows")
    program = Program(trace(loss_of, *batch(shape, classes)), CAPACITY)
    with pytest.raises(ShapeError, match=r"at least 2 values .* the shape \(1, 19\) has 1"):
        program.differentiate(1, [])


@pytest.mark.parametrize("name", FEW_QUICK)
def test_untrained_parameters_get_no_gradient_and_change_no_other(name: str) -> None:
    net, loss_of, shape, classes = make_case(name)
    images, labels = batch(shape, classes)
    program = Program(trace(loss_of, images, labels), CAPACITY)
    program.inputs(CAPACITY)[0][...] = images
    program.targets(CAPACITY)[...] = labels
    parameters = list(net.parameters())
    for trained in (parameters, parameters[::2], parameters[1::2], parameters[-1:], []):
        for parameter in parameters:
            parameter.grad = None
        with random.scope(random.make_generator(5)):
            program.differentiate(CAPACITY, trained)
        actual = gradients(parameters)
        with random.scope(random.make_generator(5)):
            eager(loss_of, trained, images, labels)
        kept = set(trained)
        assert all(g is None for g, p in zip(actual, parameters, strict=True) if p not in kept)
        places = {id(parameter): place for place, parameter in enumerate(parameters)}
        chosen = [actual[places[id(parameter)]] for parameter in trained]
        assert_gradients_agree(chosen, gradients(trained))


@pytest.mark.parametrize("name", FEW_QUICK)
def test_bits_do_not_depend_on_the_number_of_threads(name: str) -> None:
    net, loss_of, shape, classes = make_case(name)
    images, labels = batch(shape, classes)
    program = Program(trace(loss_of, images, labels), CAPACITY)
    parameters = list(net.parameters())
    program.inputs(CAPACITY)[0][...] = images
    program.targets(CAPACITY)[...] = labels
    assert any(array is not None for array in gradients_by_threads(program, CAPACITY, parameters))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", [case for case in CASES if case not in OF_INTEGERS])
def test_nan_and_inf_make_the_loss_not_finite_as_in_the_eager_tier(name: str, value: float) -> None:
    net, loss_of, shape, classes = make_case(name)
    images, labels = batch(shape, classes)
    program = Program(trace(loss_of, images, labels), CAPACITY)
    images[3, 0, -1, -1] = value
    program.inputs(CAPACITY)[0][...] = images
    program.targets(CAPACITY)[...] = labels
    parameters = list(net.parameters())
    loss = program.differentiate(CAPACITY, parameters)
    expected = eager(loss_of, parameters, images, labels)
    assert np.isfinite(loss) == np.isfinite(expected)


def test_a_repeated_step_gives_the_same_bits() -> None:
    net, loss_of, shape, classes = make_case("lenet")
    images, labels = batch(shape, classes)
    program = Program(trace(loss_of, images, labels), CAPACITY)
    parameters = list(net.parameters())
    program.inputs(CAPACITY)[0][...] = images
    program.targets(CAPACITY)[...] = labels
    first = program.differentiate(CAPACITY, parameters), gradients(parameters)
    program.inputs(CAPACITY)[0][...] = -images
    program.differentiate(CAPACITY, parameters)
    program.inputs(CAPACITY)[0][...] = images
    again = program.differentiate(CAPACITY, parameters), gradients(parameters)
    assert first[0] == again[0]
    for one, other in zip(first[1], again[1], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("wrong", [-1, 4, 1000])
def test_an_index_out_of_range_raises_the_error_of_the_eager_tier(wrong: int) -> None:
    table, head = Embedding(4, 6), Linear(6, 5)

    def loss_of(x: Tensor, y: Tensor) -> Tensor:
        return F.loss.cross_entropy(head(table(F.flatten(x, 1).astype("int32")).mean(1)), y)

    images, labels = np.ones((CAPACITY, 1, 2, 3), np.float32), np.zeros(CAPACITY, np.int32)
    program = Program(trace(loss_of, images, labels), CAPACITY)
    images[3, 0, 1, 1] = wrong
    program.inputs(CAPACITY)[0][...] = images
    for _ in range(2):
        with pytest.raises(
            CoreError, match=rf"at \(3, 4\) is {wrong}; with 4 rows it must be 0 to 3"
        ):
            program.differentiate(CAPACITY, list(table.parameters()))
    images[...] = 1.0
    program.inputs(CAPACITY)[0][...] = images
    expected = eager(loss_of, [], images, labels)
    assert program.differentiate(CAPACITY, []) == pytest.approx(expected, rel=1e-5)


class TestNotRecordable:
    def test_random_numbers_drawn_by_the_model(self) -> None:
        draw = np.random.default_rng(0)

        def noisy(x: Tensor, y: Tensor) -> Tensor:
            noise = tensor(draw.standard_normal(6).astype(np.float32))
            return F.loss.cross_entropy(F.flatten(x, 1) + noise, y)

        with pytest.raises(NotRecordableError, match="an input of add"):
            trace(noisy, *batch((1, 2, 3), 6))

    def test_a_step_that_depends_on_the_size_of_the_batch(self) -> None:
        def choosing(x: Tensor, y: Tensor) -> Tensor:
            x = F.flatten(x, 1)
            return F.loss.cross_entropy(F.tanh(x) if len(x) > 6 else F.relu(x), y)

        with pytest.raises(NotRecordableError, match="the operation tanh depends on the batch"):
            trace(choosing, *batch((1, 2, 3), 6))

    @pytest.mark.parametrize(
        "read",
        [
            lambda h: h.numpy().max(),
            lambda h: float(np.max(h)),
            lambda h: h.mean().item(),
            lambda h: float(h.mean()),
            lambda h: 2.0 if h.mean() else 1.0,
            lambda h: tensor(h.mean()),
        ],
    )
    @pytest.mark.parametrize("caught", [False, True])
    def test_values_that_the_model_reads(self, read: Any, caught: bool) -> None:
        weight = Parameter(np.float32([[1, 2, 3]]))

        def reading(x: Tensor, y: Tensor) -> Tensor:
            scale: Any = 1.0
            try:
                scale = read(weight * 2.0)  # the same for every batch, but not for every step
            except CoreError:
                if not caught:
                    raise
            return F.loss.cross_entropy(F.flatten(x, 1) * scale, y)

        with pytest.raises(NotRecordableError, match="takes values out of tensors"):
            trace(reading, *batch((1, 2, 3), 6))

    @pytest.mark.parametrize(
        "draw", [python_random.random, np.random.rand, lambda: random.generator().random()]
    )
    def test_random_numbers_that_choose_the_operations(self, draw: Any) -> None:
        def deciding(x: Tensor, y: Tensor) -> Tensor:
            x = F.dropout(F.flatten(x, 1), 0.5)
            return F.loss.cross_entropy(F.relu(x) if draw() < 2.0 else x, y)

        with pytest.raises(NotRecordableError, match="the forward pass draws random numbers"):
            trace(deciding, *batch((1, 2, 3), 6))

    def test_an_index_array_that_depends_on_the_batch(self) -> None:
        def turning(x: Tensor, y: Tensor) -> Tensor:
            x = F.flatten(x, 1)
            return F.loss.cross_entropy(x[np.arange(len(x))[::-1]], y)

        with pytest.raises(NotRecordableError, match="the operation index depends on the batch"):
            trace(turning, *batch((1, 2, 3), 6))

    def test_a_batch_that_is_not_the_first_axis(self) -> None:
        def turned(x: Tensor, y: Tensor) -> Tensor:
            x = F.flatten(x, 1).transpose(1, 0)
            return F.loss.cross_entropy(x.transpose(1, 0), y)

        with pytest.raises(NotRecordableError, match="only the first axis may be the batch"):
            trace(turned, *batch((1, 2, 3), 6))


def test_an_index_array() -> None:
    def choosing(x: Tensor, y: Tensor) -> Tensor:
        return F.loss.cross_entropy(F.flatten(x, 1)[:, np.array([5, 0, 3, 3])], y)

    images, labels = batch((1, 2, 3), 4)
    program = Program(trace(choosing, images, labels), CAPACITY)
    program.inputs(CAPACITY)[0][...], program.targets(CAPACITY)[...] = images, labels
    expected = eager(choosing, [], images, labels)
    assert program.differentiate(CAPACITY, []) == pytest.approx(expected, rel=1e-6)


def test_indices_that_are_in_range_only_with_computed_values() -> None:
    table = tensor(np.arange(12, dtype=np.float32).reshape(3, 4))
    weight = tensor(np.zeros((1, 1, 1, 1), np.float32))

    def looked_up(x: Tensor, y: Tensor) -> Tensor:
        rows = (F.conv2d(x, weight) + 5.0) * F.gelu(
            x * 0.0
        ) + 1.0  # 1; without computed values 5 x + 1
        return F.loss.cross_entropy(F.embedding(rows.astype("int32"), table).mean((1, 2, 3)), y)

    assert trace(looked_up, *batch((1, 2, 3), 4)).nodes


class Normed(Module):
    """A norm layer behind a layer with a constant output."""

    def __init__(self, norm: Module, value: float) -> None:
        super().__init__()
        self.first, self.norm = Linear(6, 7), norm
        self.first.weight.memory()[...], self.first.bias.memory()[...] = 0.0, value

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.first(F.flatten(x, 1)))


@pytest.mark.parametrize("value", [0.0, 0.1, -2.7, 1e-3, 12345.678])
@pytest.mark.parametrize("rows", [2, 3, 5, 7, 12])
@pytest.mark.parametrize("norm", [BatchNorm1d, LayerNorm])
def test_a_norm_of_values_without_variance_is_nan_only_without_an_eps(norm, rows, value) -> None:
    images, labels = batch((1, 2, 3), 7, rows)
    for eps in (0.0, 1e-5):
        net = Normed(norm(7, eps=eps), value)

        def loss_of(x: Tensor, y: Tensor, net: Module = net) -> Tensor:
            return F.loss.cross_entropy(net(x), y)

        twice = [np.concatenate([array] * 2) for array in (images, labels)]
        program = Program(trace(loss_of, *twice, rows), CAPACITY)
        program.inputs(rows)[0][...], program.targets(rows)[...] = images, labels
        with np.errstate(all="ignore"):
            losses = program.differentiate(rows, []), eager(loss_of, [], images, labels)
        assert [bool(np.isnan(loss)) for loss in losses] == [eps == 0] * 2


EDGE_VALUES = [np.nan, np.inf, -np.inf, 3.3e38, -3.3e38, 1e30, -1e30, 90.0, -90.0, 1e-42, -0.0]


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "gelu", "rough gelu", "softmax"])
@pytest.mark.parametrize("value", EDGE_VALUES)
def test_edge_values_are_finite_or_not_in_both_tiers(name: str, value: float) -> None:
    functions: dict[str, Any] = {
        "relu": F.relu,
        "tanh": F.tanh,
        "sigmoid": F.sigmoid,
        "gelu": F.gelu,
        "rough gelu": lambda x: F.gelu(x, True),
        "softmax": F.softmax,
    }
    scale = Parameter(np.ones(6, np.float32))

    def loss_of(x: Tensor, y: Tensor) -> Tensor:
        return F.loss.cross_entropy(functions[name](F.flatten(x, 1) * scale), y)

    images, labels = batch((1, 2, 3), 6)
    program = Program(trace(loss_of, images, labels), CAPACITY)
    for whole_sample in (False, True):
        images[3, 0, 1, 1] = value
        images[5] = value if whole_sample else images[5]
        program.inputs(CAPACITY)[0][...], program.targets(CAPACITY)[...] = images, labels
        with np.errstate(all="ignore"):
            loss, (grad,) = program.differentiate(CAPACITY, [scale]), gradients([scale])
            expected, (reference,) = eager(loss_of, [scale], images, labels), gradients([scale])
        assert loss == pytest.approx(expected, rel=1e-5, nan_ok=True)
        assert grad is not None
        assert reference is not None
        np.testing.assert_array_equal(np.isfinite(grad), np.isfinite(reference))


@pytest.mark.parametrize("value", EDGE_VALUES)
@pytest.mark.parametrize("classes", [3, 16, 17, 40])
def test_edge_values_in_logits_give_the_loss_of_the_eager_tier(classes: int, value: float) -> None:
    def loss_of(x: Tensor, y: Tensor) -> Tensor:
        return F.loss.cross_entropy(F.flatten(x, 1), y)

    images, labels = batch((1, 1, classes), classes)
    program = Program(trace(loss_of, images, labels), CAPACITY)
    for whole_sample in (False, True):
        images[3, 0, 0, classes // 2] = value
        images[5] = value if whole_sample else images[5]
        program.inputs(CAPACITY)[0][...], program.targets(CAPACITY)[...] = images, labels
        with np.errstate(all="ignore"):
            expected = eager(loss_of, [], images, labels)
        assert program.differentiate(CAPACITY, []) == pytest.approx(expected, rel=1e-5, nan_ok=True)
