"""Recurrent modules: layers and directions from cells, states, errors, and the recorded tier."""

import numpy as np
import pytest

import tuitrain_core.functional as F
import tuitrain_core.module as M
from tuitrain_core import data, optimizer, random, tensor
from tuitrain_core.autodiff import GradManager
from tuitrain_core.compiler import Recording
from tuitrain_core.errors import CoreError, ShapeError

KINDS = {"RNN": M.RNN, "LSTM": M.LSTM, "GRU": M.GRU}
N, L, IN, H = 3, 4, 5, 2


def as_list(state) -> list:
    return list(state) if isinstance(state, tuple) else [state]


def make_input(*shape: int):
    return tensor(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


def by_cells(layer, values, first):
    """Apply a layer's cells time by time; return the output, and the last states."""
    last = []
    for number, cells in enumerate(layer.cells):
        outputs = []
        for direction, cell in enumerate(cells):
            state = [one[number * len(cells) + direction] for one in first]
            times = range(L)[::-1] if direction else range(L)
            hidden = {}
            for time in times:
                packed = tuple(state) if len(state) > 1 else state[0]
                state = as_list(cell(values[:, time], packed))
                hidden[time] = state[0]
            outputs.append(F.stack([hidden[time] for time in range(L)], 1))
            last.append(state)
        values = F.concat(outputs, 2)
    return values, [F.stack(states, 0) for states in zip(*last, strict=True)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_layers_are_their_cells_applied_time_by_time(kind, bidirectional, batch_first):
    layer = KINDS[kind](IN, H, 2, True, batch_first, bidirectional=bidirectional)
    x, count = make_input(N, L, IN), 2 * layer.num_directions
    first = [make_input(count, N, H)] * (2 if kind == "LSTM" else 1)
    inp = x if batch_first else x.transpose(1, 0, 2)
    output, state = layer(inp, tuple(first) if kind == "LSTM" else first[0])
    expected, last = by_cells(layer, x, first)
    assert output.shape == (*inp.shape[:2], H * layer.num_directions)
    actual = output if batch_first else output.transpose(1, 0, 2)
    np.testing.assert_allclose(actual.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)
    for one, other in zip(as_list(state), last, strict=True):
        assert one.shape == (count, N, H)
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_state_is_zero_by_default(kind):
    layer = KINDS[kind](IN, H, batch_first=True)
    x = make_input(N, L, IN)
    zeros = tensor(np.zeros((1, N, H), np.float32))
    with_zeros = layer(x, (zeros, zeros) if kind == "LSTM" else zeros)[0]
    np.testing.assert_array_equal(layer(x)[0].numpy(), with_zeros.numpy())
    cell = layer.cells[0][0]
    for one, other in zip(as_list(cell(x[:, 0])), as_list(layer(x[:, :1])[1]), strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy()[0], rtol=1e-6)


def test_parameters_are_named_drawn_within_bounds_and_without_bias_fewer():
    layer = M.LSTM(IN, 16, 2)
    shapes = {name: item.shape for name, item in layer.named_parameters()}
    assert shapes["cells.0.0.weight_ih"] == (64, IN)
    assert shapes["cells.1.0.weight_ih"] == (64, 16)
    assert shapes["cells.1.0.bias_hh"] == (64,)
    largest = max(float(abs(item.numpy()).max()) for item in layer.parameters())
    assert 0.2 < largest <= 0.25
    assert len(list(M.GRU(IN, H, bias=False).parameters())) == 2
    assert M.RNN(IN, H, nonlinearity="relu").cells[0][0].kind == "relu"


def test_dropout_is_between_the_layers_and_in_training_only():
    random.seed(0)
    layer, x = M.RNN(IN, H, 2, dropout=0.5, batch_first=True), make_input(N, L, IN)
    first, second = layer(x)[0].numpy(), layer(x)[0].numpy()
    assert not np.array_equal(first, second)
    layer.eval()
    np.testing.assert_array_equal(layer(x)[0].numpy(), layer(x)[0].numpy())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: M.LSTM(0, 2), "input_size"),
        (lambda: M.LSTM(2, 2, 0), "num_layers"),
        (lambda: M.LSTM(2, 2, dropout=2.0), "dropout"),
        (lambda: M.LSTM(2, 2, proj_size=1), "proj_size is not supported"),
        (lambda: M.RNN(2, 2, nonlinearity="sin"), "'tanh' or 'relu', but was given 'sin'"),
    ],
)
def test_arguments_out_of_range_are_refused(make, message):
    with pytest.raises(CoreError, match=message):
        make()


def test_inputs_of_other_shapes_are_refused():
    with pytest.raises(ShapeError, match=r"RNN: the input has shape \(4, 5\), not \(L, N, 5\)"):
        M.RNN(IN, H)(make_input(L, IN))
    with pytest.raises(ShapeError, match=r"GRUCell: .* not \(N, 5\)"):
        M.GRUCell(IN, H)(make_input(N, 4))


class Reader(M.Module):
    """Classifies sequences by the state of a layer at the last time."""

    def __init__(self, kind) -> None:
        super().__init__()
        self.layer = kind(IN, 8, 2, batch_first=True, bidirectional=True)
        self.last = M.Linear(16, 3)

    def forward(self, inp):
        output, _ = self.layer(inp)
        return self.last(output[:, -1])


def sequences() -> data.DataLoader:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 3, 60)
    inputs = rng.standard_normal((60, L, IN)).astype(np.float32) + targets[:, None, None]
    return data.DataLoader(data.Dataset(inputs, targets), 16)


@pytest.mark.parametrize("kind", KINDS)
def test_a_recorded_step_is_the_eager_one(kind):
    loader = sequences()
    with random.scope(random.make_generator(0)):
        net = Reader(KINDS[kind])
    recording = Recording(net, loader)
    gm = GradManager().attach(net.parameters())
    adam = optimizer.Adam(net.parameters(), lr=0.01)
    losses = []
    for step in range(40):
        inputs, labels = loader.batch(step)
        with gm:
            expected = F.loss.cross_entropy(net(tensor(inputs)), tensor(labels))
            gm.backward(expected)
        eager = {name: item.grad.numpy().copy() for name, item in net.named_parameters()}
        losses.append(recording.take(inputs, labels, gm))
        assert losses[-1] == pytest.approx(expected.item(), rel=1e-5)
        for name, item in net.named_parameters():
            np.testing.assert_allclose(item.grad.numpy(), eager[name], rtol=1e-3, atol=1e-6)
        recording.update([adam])
    assert recording.problem == ""
    assert np.mean(losses[-8:]) < 0.8 * np.mean(losses[:8])


def test_a_step_that_uses_the_last_state_of_a_layer_is_eager():
    class ByState(Reader):
        def forward(self, inp):
            _, state = self.layer(inp)
            return self.last(F.concat([state[-2], state[-1]], 1))

    recording = Recording(ByState(M.GRU), sequences())
    assert recording.program() is None
    assert "only the first axis may be the batch" in recording.problem
