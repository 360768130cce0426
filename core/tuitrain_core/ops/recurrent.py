"""Recurrent layers: one direction of one layer, over all times of a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from ..errors import ShapeError
from . import checks
from .base import Array, Op
from .recurrent_cells import CELLS, CellState

_LABELS: Final = ("input", "weight_ih", "weight_hh", "bias_ih", "bias_hh", "h", "c")


@dataclass(frozen=True, slots=True)
class Recurrent(Op):
    """A recurrent layer; its formulas are in `recurrent_cells`.

    Inputs: x (N, L, in), weight_ih (G · H, in), weight_hh (G · H, H); with ``bias`` bias_ih and
    bias_hh, (G · H,) each; with ``has_state`` the first hidden state (N, H), and of an LSTM the
    first cell state (N, H), else they are 0. G is the number of gates. Output: the hidden state at
    every time (N, L, H); of an LSTM hidden and cell state (N, L, 2 · H).

    Attributes
    ----------
    cell : ``tanh``, ``relu``, ``lstm`` or ``gru``
    reverse : whether the last time comes first
    bias, has_state : which inputs there are
    """

    name: ClassVar[str] = "recurrent"
    cell: str
    reverse: bool = False
    bias: bool = True
    has_state: bool = False

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        self._check(inputs)
        x, weight_ih, weight_hh, biases, state = self._split(inputs)
        cell, size = CELLS[self.cell], weight_hh.shape[1]
        from_inputs = _rows(x) @ weight_ih.T
        if biases:
            from_inputs += biases[0]
        from_inputs = from_inputs.reshape(*x.shape[:2], -1)
        state = state or [np.zeros((len(x), size), x.dtype) for _ in range(cell.states)]
        output = np.empty((*x.shape[:2], cell.states * size), x.dtype)
        before, saved = np.empty((*x.shape[:2], size), x.dtype), {}
        for time in self._times(x):
            before[:, time] = state[0]
            from_hidden = state[0] @ weight_hh.T
            if biases:
                from_hidden += biases[1]
            state, saved[time] = cell.forward(from_inputs[:, time], from_hidden, state)
            output[:, time] = np.concatenate(state, 1) if cell.states > 1 else state[0]
        return output, (x, weight_ih, weight_hh, before, saved)

    def infer_output(self, *inputs: Array) -> Array:
        self._check(inputs)
        x, weight_hh = inputs[0], inputs[2]
        return np.empty((*x.shape[:2], CELLS[self.cell].states * weight_hh.shape[1]), x.dtype)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        x, weight_ih, weight_hh, before, steps = saved
        cell, size = CELLS[self.cell], weight_hh.shape[1]
        d_inputs = np.empty((*x.shape[:2], len(weight_hh)), x.dtype)
        d_hidden = np.empty_like(d_inputs)
        d_state: CellState = [np.zeros((len(x), size), x.dtype) for _ in range(cell.states)]
        for time in reversed(self._times(x)):
            parts = np.split(grad[:, time], cell.states, axis=1)
            d_state = [old + new for old, new in zip(d_state, parts, strict=True)]
            d_inputs[:, time], d_hidden[:, time], d_state = cell.backward(steps[time], d_state)
            d_state[0] = d_state[0] + d_hidden[:, time] @ weight_hh
        rows_of_inputs, rows_of_hidden = _rows(d_inputs), _rows(d_hidden)
        gradients = [
            lambda: (rows_of_inputs @ weight_ih).reshape(x.shape),
            lambda: rows_of_inputs.T @ _rows(x),
            lambda: rows_of_hidden.T @ _rows(before),
        ]
        if self.bias:
            gradients += [lambda: rows_of_inputs.sum(0), lambda: rows_of_hidden.sum(0)]
        if self.has_state:
            gradients += [lambda part=part: part for part in d_state]
        return tuple(
            compute() if needed else None for compute, needed in zip(gradients, needs, strict=True)
        )

    def _times(self, x: Array) -> range:
        """Return the times in the order in which they are computed."""
        return range(x.shape[1] - 1, -1, -1) if self.reverse else range(x.shape[1])

    def _split(
        self, inputs: Sequence[Array]
    ) -> tuple[Array, Array, Array, Sequence[Array], CellState]:
        x, weight_ih, weight_hh, *others = inputs
        count = 2 if self.bias else 0
        return x, weight_ih, weight_hh, others[:count], others[count:]

    def _check(self, inputs: Sequence[Array]) -> None:
        labels = [*_LABELS[:3], *_LABELS[3:5] * self.bias, *_LABELS[5:] * self.has_state]
        named = dict(zip(labels, inputs, strict=False))
        checks.floating(self.cell, **named)
        x, weight_ih, weight_hh = inputs[:3]
        checks.axes(self.cell, "input", x, 3, "(N, L, features)")
        gates, size = CELLS[self.cell].gates, weight_hh.shape[1]
        if not x.shape[1]:
            raise ShapeError(f"{self.cell}: the sequences of shape {x.shape} have no time")
        shapes = {
            "input": (*x.shape[:2], weight_ih.shape[1]),
            "weight_ih": (gates * size, weight_ih.shape[1]),
            "weight_hh": (gates * size, size),
            **dict.fromkeys(("bias_ih", "bias_hh"), (gates * size,)),
            **dict.fromkeys(("h", "c"), (len(x), size)),
        }
        for label, array in named.items():
            if array.shape != shapes[label]:
                raise ShapeError(
                    f"{self.cell}: the {label} has shape {array.shape}, not {shapes[label]}"
                )


def _rows(values: Array) -> Array:
    """Merge samples and times into one axis."""
    return values.reshape(values.shape[0] * values.shape[1], values.shape[2])
