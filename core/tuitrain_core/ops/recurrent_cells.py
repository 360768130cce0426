"""The formulas of recurrent cells, for one time; `recurrent` applies them to sequences.

A cell computes the next state from x W_ihᵀ + b_ih (``from_inputs``) and h W_hhᵀ + b_hh
(``from_hidden``), both (N, G · H). Its state is a list: the hidden state h, and of an LSTM the cell
state c, both (N, H). The order of the gates is that of MegEngine and PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

from .base import Array

CellState: TypeAlias = list[Array]


class Cell(Protocol):
    """A recurrent cell.

    Attributes
    ----------
    gates : G
    states : the arrays of its state
    """

    gates: int
    states: int

    def forward(
        self, from_inputs: Array, from_hidden: Array, state: CellState
    ) -> tuple[CellState, Any]:
        """Return the next state, and what ``backward`` needs."""
        ...

    def backward(self, saved: Any, grad: CellState) -> tuple[Array, Array, CellState]:
        """Return the gradients of from_inputs, of from_hidden, and of the state.

        The gradient of the state lacks the part that goes through ``from_hidden``.
        """
        ...


class ElmanCell:
    """h' = f(from_inputs + from_hidden), with tanh or max(·, 0) for f.

    Source: Elman, "Finding structure in time", 1990.
    """

    gates, states = 1, 1

    def __init__(self, relu: bool) -> None:
        self._relu = relu

    def forward(
        self, from_inputs: Array, from_hidden: Array, state: CellState
    ) -> tuple[CellState, Any]:
        del state
        total = from_inputs + from_hidden
        hidden = np.maximum(total, 0) if self._relu else np.tanh(total)
        return [hidden], hidden

    def backward(self, saved: Any, grad: CellState) -> tuple[Array, Array, CellState]:
        slope = (saved > 0).astype(saved.dtype) if self._relu else 1 - saved * saved
        d_total = grad[0] * slope
        return d_total, d_total, [np.zeros_like(d_total)]


class LSTMCell:
    """i, f, o = sigmoid(·), g = tanh(·); c' = f · c + i · g, h' = o · tanh(c').

    The gates are in the order i, f, g, o. Source: Hochreiter and Schmidhuber, "Long short-term
    memory", 1997; Gers, Schmidhuber and Cummins, "Learning to forget", 2000.
    """

    gates, states = 4, 2

    def forward(
        self, from_inputs: Array, from_hidden: Array, state: CellState
    ) -> tuple[CellState, Any]:
        i, f, g, o = np.split(from_inputs + from_hidden, 4, axis=1)
        i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
        cell = f * state[1] + i * g
        squashed = np.tanh(cell)
        return [o * squashed, cell], (i, f, g, o, state[1], squashed)

    def backward(self, saved: Any, grad: CellState) -> tuple[Array, Array, CellState]:
        i, f, g, o, before, squashed = saved
        d_hidden, d_cell = grad
        d_cell = d_cell + d_hidden * o * (1 - squashed * squashed)
        parts = (
            d_cell * g * i * (1 - i),
            d_cell * before * f * (1 - f),
            d_cell * i * (1 - g * g),
            d_hidden * squashed * o * (1 - o),
        )
        d_total = np.concatenate(parts, 1)
        return d_total, d_total, [np.zeros_like(d_hidden), d_cell * f]


class GRUCell:
    """r, z = sigmoid(·), n = tanh(n_i + r · n_h); h' = (1 - z) · n + z · h.

    The gates are in the order r, z, n; n_i and n_h are the parts of n in ``from_inputs`` and
    ``from_hidden``. Source: Cho et al., "Learning phrase representations using RNN
    encoder-decoder", 2014, with the reset gate after the product, as PyTorch has it.
    """

    gates, states = 3, 1

    def forward(
        self, from_inputs: Array, from_hidden: Array, state: CellState
    ) -> tuple[CellState, Any]:
        r_i, z_i, n_i = np.split(from_inputs, 3, axis=1)
        r_h, z_h, n_h = np.split(from_hidden, 3, axis=1)
        r, z = _sigmoid(r_i + r_h), _sigmoid(z_i + z_h)
        n = np.tanh(n_i + r * n_h)
        return [(1 - z) * n + z * state[0]], (r, z, n, n_h, state[0])

    def backward(self, saved: Any, grad: CellState) -> tuple[Array, Array, CellState]:
        r, z, n, n_h, before = saved
        d_n = grad[0] * (1 - z) * (1 - n * n)
        d_r = d_n * n_h * r * (1 - r)
        d_z = grad[0] * (before - n) * z * (1 - z)
        from_inputs = np.concatenate((d_r, d_z, d_n), 1)
        from_hidden = np.concatenate((d_r, d_z, d_n * r), 1)
        return from_inputs, from_hidden, [grad[0] * z]


CELLS: Final[Mapping[str, Cell]] = {
    "tanh": ElmanCell(relu=False),
    "relu": ElmanCell(relu=True),
    "lstm": LSTMCell(),
    "gru": GRUCell(),
}
"""The cells by name."""


def _sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), without overflow."""
    half = x.dtype.type(0.5)
    return half * np.tanh(half * x) + half
