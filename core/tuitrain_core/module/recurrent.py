"""Recurrent layers, and their cells."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .. import functional as F
from .. import init
from ..errors import CoreError, ShapeError
from ..ops import checks
from ..ops.recurrent import Recurrent
from ..ops.recurrent_cells import CELLS
from ..tensor import Parameter, Tensor, apply
from .base import Module


class _Cell(Module):
    """A recurrent cell; the formulas are in `ops.recurrent_cells`.

    Parameters
    ----------
    input_size, hidden_size : features of the input, and of the state
    bias : whether there are biases

    Attributes
    ----------
    weight_ih, weight_hh : (gates · hidden_size, features), drawn uniformly from ± 1 / √hidden_size
    bias_ih, bias_hh : (gates · hidden_size,), drawn in the same way; or None

    Raises
    ------
    CoreError : a size is not a whole number of at least 1
    """

    kind: str

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, **options: Any
    ) -> None:
        super().__init__(**options)
        checks.at_least_1(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = CELLS[self.kind].gates * hidden_size
        self.gate_hidden_size = rows
        self.weight_ih = Parameter(np.zeros((rows, input_size), np.float32))
        self.weight_hh = Parameter(np.zeros((rows, hidden_size), np.float32))
        self.bias_ih = Parameter(np.zeros(rows, np.float32)) if bias else None
        self.bias_hh = Parameter(np.zeros(rows, np.float32)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters again."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.input_size}, {self.hidden_size}"

    def over_time(self, inp: Tensor, state: list[Tensor], reverse: bool = False) -> list[Tensor]:
        """Return the states (N, L, hidden_size) at the times of an input (N, L, input_size).

        Parameters
        ----------
        state : the first ones, (N, hidden_size) each; none for 0
        reverse : whether the last time comes first
        """
        op = Recurrent(self.kind, reverse, self.bias, bool(state))
        biases = (
            [] if self.bias_ih is None or self.bias_hh is None else [self.bias_ih, self.bias_hh]
        )
        output = apply(op, inp, self.weight_ih, self.weight_hh, *biases, *state)
        if CELLS[self.kind].states == 1:
            return [output]
        return [output[:, :, : self.hidden_size], output[:, :, self.hidden_size :]]

    def _one_step(self, inp: Tensor, state: list[Tensor]) -> list[Tensor]:
        if inp.ndim != 2 or inp.shape[1] != self.input_size:
            raise ShapeError(
                f"{type(self).__name__}: the input has shape {inp.shape}, not "
                f"(N, {self.input_size})"
            )
        states = self.over_time(inp.reshape(inp.shape[0], 1, self.input_size), state)
        return [one.reshape(one.shape[0], self.hidden_size) for one in states]


class _OneStateCell(_Cell):
    """A cell whose state is what it returns."""

    def forward(self, inp: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next state (N, hidden_size) for an input (N, input_size); ``hx`` is 0."""
        return self._one_step(inp, [] if hx is None else [hx])[0]


class RNNCell(_OneStateCell):
    """h' = f(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh).

    Parameters
    ----------
    nonlinearity : f, ``tanh`` or ``relu``; the others are those of all cells

    Raises
    ------
    CoreError : a size is not a whole number of at least 1, or f is another function
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        **options: Any,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise CoreError(f"nonlinearity is 'tanh' or 'relu', but was given {nonlinearity!r}")
        self.kind = self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, bias, **options)


class GRUCell(_OneStateCell):
    """A gated recurrent cell; see `ops.recurrent_cells.GRUCell`. MegEngine has none."""

    kind = "gru"


class LSTMCell(_Cell):
    """A cell with a long memory; see `ops.recurrent_cells.LSTMCell`."""

    kind = "lstm"

    def forward(
        self, inp: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the next hidden and cell state; ``hx`` has both, and both are 0 without it."""
        hidden, cell = self._one_step(inp, [] if hx is None else list(hx))
        return hidden, cell


class _Recurrent(Module):
    """Recurrent cells over the times of a sequence, in layers, in one direction or both.

    Parameters
    ----------
    input_size, hidden_size : features of the input, and of the state of each direction
    num_layers : layers; the next has the states of the one before as input
    bias : whether there are biases
    batch_first : whether input and output are (N, L, features), and not (L, N, features). Steps are
        recorded with it only
    dropout : probability of dropout after each layer but the last
    bidirectional : whether each layer has a second direction, from the last time to the first
    proj_size : not supported; 0

    Attributes
    ----------
    cells : a list for each layer of its cells, one for each direction

    Raises
    ------
    CoreError : a size or a probability is out of range
    """

    cell: ClassVar[type[_Cell]]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        **options: Any,
    ) -> None:
        name = type(self).__name__
        cell_options = {key: options.pop(key) for key in ("nonlinearity",) if key in options}
        super().__init__(**options)
        checks.at_least_1(name, num_layers=num_layers)
        checks.fraction(name, "dropout", dropout)
        if proj_size:
            raise CoreError(f"{name}: proj_size is not supported")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, dropout
        self.bidirectional, self.num_directions = bidirectional, 2 if bidirectional else 1
        self.proj_size = proj_size
        sizes = [input_size, *[hidden_size * self.num_directions] * (num_layers - 1)]
        self.cells = [
            [self.cell(size, hidden_size, bias, **cell_options) for _ in range(self.num_directions)]
            for size in sizes
        ]

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.input_size}, {self.hidden_size}, {self.num_layers}"

    def _run(self, inp: Tensor, first: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return the output, and the last states (layers · directions, N, hidden_size).

        Parameters
        ----------
        first : the first states, in the form of the last ones; none for 0
        """
        if inp.ndim != 3 or inp.shape[2] != self.input_size:
            form = "(N, L," if self.batch_first else "(L, N,"
            raise ShapeError(
                f"{type(self).__name__}: the input has shape {inp.shape}, not "
                f"{form} {self.input_size})"
            )
        values = inp if self.batch_first else inp.transpose(1, 0, 2)
        last: list[list[Tensor]] = []
        for layer, cells in enumerate(self.cells):
            outputs: list[Tensor] = []
            for direction, cell in enumerate(cells):
                state = [one[layer * len(cells) + direction] for one in first]
                states = cell.over_time(values, state, reverse=direction == 1)
                outputs.append(states[0])
                last.append([one[:, 0 if direction == 1 else -1] for one in states])
            values = outputs[0] if len(outputs) == 1 else F.concat(outputs, 2)
            if self.dropout and layer < self.num_layers - 1:
                values = F.dropout(values, self.dropout, self.training)
        output = values if self.batch_first else values.transpose(1, 0, 2)
        return output, [F.stack(states, 0) for states in zip(*last, strict=True)]


class _OneState(_Recurrent):
    """Layers of cells whose state is what they return."""

    def forward(self, inp: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the output, and the last state (layers · directions, N, hidden_size).

        ``hx`` is the first state in the same form; without it, it is 0. The output has the state of
        the last layer at every time, (N, L, directions · hidden_size) or (L, N, ...).
        """
        output, (hidden,) = self._run(inp, [] if hx is None else [hx])
        return output, hidden


class RNN(_OneState):
    """Layers of `RNNCell`; ``nonlinearity`` is theirs."""

    cell = RNNCell


class GRU(_OneState):
    """Layers of `GRUCell`. MegEngine has none."""

    cell = GRUCell


class LSTM(_Recurrent):
    """Layers of `LSTMCell`."""

    cell = LSTMCell

    def forward(
        self, inp: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the output, and the last hidden and cell state; ``hx`` has the first ones."""
        output, (hidden, cell) = self._run(inp, [] if hx is None else list(hx))
        return output, (hidden, cell)
