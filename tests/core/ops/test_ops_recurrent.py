"""Recurrent layers over a sequence, against loops over single numbers and the op contract."""

import math

import numpy as np
import pytest

from tests.core.ops.op_contract import assert_gradients
from tuitrain_core.errors import CoreError, ShapeError
from tuitrain_core.ops.recurrent import Recurrent

N, L, IN, H = 2, 3, 3, 2
GATES = {"tanh": 1, "relu": 1, "lstm": 4, "gru": 3}


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def naive_step(cell, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Return the next states of one sample, each number by its formula."""

    def from_inputs(gate: int, unit: int) -> float:
        row = gate * H + unit
        return bias_ih[row] + sum(weight_ih[row, k] * x[k] for k in range(IN))

    def from_hidden(gate: int, unit: int) -> float:
        row = gate * H + unit
        return bias_hh[row] + sum(weight_hh[row, k] * h[k] for k in range(H))

    hidden, memory = np.zeros(H), np.zeros(H)
    for unit in range(H):
        total = [from_inputs(g, unit) + from_hidden(g, unit) for g in range(GATES[cell])]
        match cell:
            case "tanh":
                hidden[unit] = math.tanh(total[0])
            case "relu":
                hidden[unit] = max(total[0], 0.0)
            case "lstm":
                kept, new = sigmoid(total[1]) * c[unit], sigmoid(total[0]) * math.tanh(total[2])
                memory[unit] = kept + new
                hidden[unit] = sigmoid(total[3]) * math.tanh(memory[unit])
            case "gru":
                reset, update = sigmoid(total[0]), sigmoid(total[1])
                new = math.tanh(from_inputs(2, unit) + reset * from_hidden(2, unit))
                hidden[unit] = (1 - update) * new + update * h[unit]
    return hidden, memory


def naive(op, x, weight_ih, weight_hh, *others):
    others = list(others)
    biases = [others.pop(0), others.pop(0)] if op.bias else [np.zeros(len(weight_ih))] * 2
    width = 2 * H if op.cell == "lstm" else H
    result = np.zeros((N, L, width))
    for n in range(N):
        h = others[0][n] if op.has_state else np.zeros(H)
        c = others[1][n] if op.has_state and op.cell == "lstm" else np.zeros(H)
        for t in reversed(range(L)) if op.reverse else range(L):
            h, c = naive_step(op.cell, x[n, t], h, c, weight_ih, weight_hh, *biases)
            result[n, t] = np.concatenate([h, c])[:width]
    return result


def inputs_of(op) -> list[np.ndarray]:
    rng, rows = np.random.default_rng(7), GATES[op.cell] * H
    shapes = [(N, L, IN), (rows, IN), (rows, H), *[(rows,)] * (2 * op.bias)]
    shapes += [(N, H)] * (op.has_state * (2 if op.cell == "lstm" else 1))
    return [rng.standard_normal(shape) for shape in shapes]


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize(
    ("reverse", "bias", "has_state"),
    [(False, True, False), (True, True, True), (False, False, True), (True, False, False)],
)
def test_output_and_gradients(cell, reverse, bias, has_state):
    op = Recurrent(cell, reverse, bias, has_state)
    inputs = inputs_of(op)
    np.testing.assert_allclose(op.forward(*inputs)[0], naive(op, *inputs), rtol=1e-12)
    assert_gradients(op, *inputs)


def test_large_numbers_saturate_and_nan_stays_visible():
    op = Recurrent("lstm", bias=False)
    x, weight_ih, weight_hh = (array.astype(np.float32) for array in inputs_of(op))
    with np.errstate(all="raise", under="ignore"):
        output, _ = op.forward(x * 1e4, weight_ih, weight_hh)
    assert np.isfinite(output).all()
    x[0, 1, 0] = np.nan
    output, _ = op.forward(x, weight_ih, weight_hh)
    assert np.isnan(output[0, 1:]).all()
    assert np.isfinite(output[1]).all()


@pytest.mark.parametrize(
    ("place", "shape", "message"),
    [
        (0, (N, IN), "must have 3 axes"),
        (0, (N, 0, IN), "have no time"),
        (0, (N, L, IN + 1), "weight_ih|input has shape"),
        (1, (4 * H + 1, IN), "the weight_ih has shape"),
        (4, (H,), "the bias_hh has shape"),
        (5, (N + 1, H), "the h has shape"),
        (6, (N, H + 1), "the c has shape"),
    ],
)
def test_shapes_that_do_not_fit_are_named(place, shape, message):
    op = Recurrent("lstm", has_state=True)
    inputs = inputs_of(op)
    inputs[place] = np.zeros(shape)
    with pytest.raises(ShapeError, match=message):
        op.infer_output(*inputs)


def test_whole_numbers_are_refused():
    op = Recurrent("gru")
    inputs = inputs_of(op)
    inputs[0] = np.zeros((N, L, IN), np.int32)
    with pytest.raises(CoreError, match="the input is int32"):
        op.forward(*inputs)
