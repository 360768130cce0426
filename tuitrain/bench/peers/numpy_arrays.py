"""NumPy by hand: convolutions as matrix products of patches in NHWC, updates in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..peer_server import TakeSteps, Training, Variants, serve
from ..protocol import Cell
from ..workloads import channels_last, networks
from ..workloads.synthetic_data import (
    LEARNING_RATES,
    Weights,
    adam_matrices,
    batches,
    initial_weights,
)

Array: TypeAlias = NDArray[Any]
Update: TypeAlias = Callable[[list[Array]], None]


def prepare(cell: Cell) -> Variants:
    """Return the variants of a cell."""
    return {"by hand": lambda: _adam_alone(cell) if cell.work == "adam" else _training(cell)}


class _Linear:
    def __init__(
        self, layer: networks.Linear, below: networks.Layer | None, weights: Weights
    ) -> None:
        self._below = below
        self.weight = channels_last.to_linear_nhwc(weights[0], below)
        self.bias = weights[1].copy()
        self._relu = layer.relu

    def weights(self) -> Weights:
        return channels_last.from_linear_nhwc(self.weight, self._below), self.bias

    def forward(self, x: Array) -> Array:
        self.input_shape, self._x = x.shape, x.reshape(len(x), -1)
        self._y = self._x @ self.weight + self.bias
        return np.maximum(self._y, 0, out=self._y) if self._relu else self._y

    def backward(self, d: Array, lowest: bool) -> Array | None:
        if self._relu:
            d = d * (self._y > 0)
        self.grads = [self._x.T @ d, d.sum(0)]
        return None if lowest else (d @ self.weight.T).reshape(self.input_shape)


class _Convolution:
    def __init__(self, layer: networks.Convolution, weights: Weights) -> None:
        self._layer = layer
        self.weight = np.ascontiguousarray(weights[0].reshape(layer.outputs, -1).T)
        self.bias = weights[1].copy()

    def weights(self) -> Weights:
        taps = (self._layer.inputs, self._layer.kernel, self._layer.kernel)
        return self.weight.T.reshape(self._layer.outputs, *taps), self.bias

    def forward(self, x: Array) -> Array:
        layer, side = self._layer, self._layer.conv_side
        self._patches = _patches(x, layer.kernel, layer.padding)
        y = (self._patches @ self.weight + self.bias).reshape(len(x), side, side, layer.outputs)
        self._y = np.maximum(y, 0, out=y)
        return self._pool() if layer.pool else y

    def backward(self, d: Array, lowest: bool) -> Array | None:
        layer, side = self._layer, self._layer.conv_side
        if layer.pool:
            d = np.repeat(np.repeat(d, 2, axis=1), 2, axis=2) * self._is_max
        d = (d * (self._y > 0)).reshape(-1, layer.outputs)
        self.grads = [self._patches.T @ d, d.sum(0)]
        if lowest:
            return None
        # The gradient of x is the convolution of the padded d with the rotated kernel.
        taps = self.weight.reshape(layer.inputs, layer.kernel, layer.kernel, layer.outputs)
        rotated = taps[:, ::-1, ::-1].transpose(3, 1, 2, 0).reshape(-1, layer.inputs)
        padding = layer.kernel - 1 - layer.padding
        patches = _patches(d.reshape(-1, side, side, layer.outputs), layer.kernel, padding)
        return (patches @ rotated).reshape(-1, layer.input_side, layer.input_side, layer.inputs)

    def _pool(self) -> Array:
        n, side, _, channels = self._y.shape
        pooled = self._y.reshape(n, side // 2, 2, side // 2, 2, channels).max((2, 4))
        self._is_max = self._y == np.repeat(np.repeat(pooled, 2, axis=1), 2, axis=2)
        return pooled


_Layer: TypeAlias = _Linear | _Convolution


def _patches(x: Array, kernel: int, padding: int) -> Array:
    """Return rows (N * H * W, C * kernel * kernel) of x, NHWC."""
    edge = (padding, padding)
    padded = np.pad(x, ((0, 0), edge, edge, (0, 0))) if padding else x
    windows = sliding_window_view(padded, (kernel, kernel), (1, 2))
    return windows.reshape(-1, x.shape[-1] * kernel * kernel)


def build_layers(name: str) -> list[_Layer]:
    """Return the layers of a network, from the bottom up."""
    plan = networks.network_layers(name)
    return [
        _Convolution(layer, initial)
        if isinstance(layer, networks.Convolution)
        else _Linear(layer, below, initial)
        for layer, below, initial in zip(
            plan, channels_last.layers_below(plan), initial_weights(plan), strict=True
        )
    ]


def differentiate(layers: list[_Layer], images: Array, labels: Array) -> None:
    """Compute the gradients of the mean cross entropy in each layer; images are NHWC."""
    x = images
    for layer in layers:
        x = layer.forward(x)
    d: Array | None = _loss_gradient(x, labels)
    for layer in reversed(layers):
        assert d is not None
        d = layer.backward(d, layer is layers[0])


def _training(cell: Cell) -> TakeSteps:
    layers = build_layers(cell.network)
    parameters = [array for layer in layers for array in (layer.weight, layer.bias)]
    update = _adam(parameters) if cell.optimizer == "adam" else _sgd(parameters)
    stream = _stream(cell)

    def run(steps: int) -> int:
        for _ in range(steps):
            differentiate(layers, *next(stream))
            update([grad for layer in layers for grad in layer.grads])
        return steps

    return Training(run, lambda: [layer.weights() for layer in layers])


def _stream(cell: Cell) -> Iterator[tuple[Array, Array]]:
    images, labels = batches(cell.samples, cell.batch)
    rows = np.ascontiguousarray(np.moveaxis(images, 2, -1))
    return cycle(list(zip(rows, labels, strict=True)))


def _loss_gradient(logits: Array, labels: Array) -> Array:
    """Return the gradient of the mean cross entropy."""
    d = np.exp(logits - logits.max(1, keepdims=True))
    d /= d.sum(1, keepdims=True)
    d[np.arange(len(d)), labels] -= 1
    d /= len(d)
    return d


def _sgd(parameters: list[Array]) -> Update:
    rate = np.float32(LEARNING_RATES["sgd"])

    def update(grads: list[Array]) -> None:
        for param, grad in zip(parameters, grads, strict=True):
            np.multiply(grad, rate, out=grad)
            np.subtract(param, grad, out=param)

    return update


def _adam(parameters: list[Array]) -> Update:
    firsts = [np.zeros_like(array) for array in parameters]
    seconds = [np.zeros_like(array) for array in parameters]
    scratch = [np.empty_like(array) for array in parameters]
    count = 0

    def update(grads: list[Array]) -> None:
        nonlocal count
        count += 1
        rate = np.float32(LEARNING_RATES["adam"] / (1 - 0.9**count))
        root = np.float32((1 - 0.999**count) ** -0.5)
        for arrays in zip(parameters, grads, firsts, seconds, scratch, strict=True):
            _adam_one(*arrays, rate, root)

    return update


def _adam_one(
    param: Array, grad: Array, m: Array, v: Array, t: Array, rate: np.float32, root: np.float32
) -> None:
    """Update one parameter; ``t`` is scratch memory."""
    m *= np.float32(0.9)
    np.multiply(grad, np.float32(0.1), out=t)
    m += t
    v *= np.float32(0.999)
    np.multiply(grad, grad, out=t)
    t *= np.float32(0.001)
    v += t
    np.sqrt(v, out=t)
    t *= root
    t += np.float32(1e-8)
    np.divide(m, t, out=t)
    t *= rate
    param -= t


def _adam_alone(cell: Cell) -> TakeSteps:
    side, generator = adam_matrices(cell.parameters)
    weights, grads = (
        [generator.normal(size=(side, side)).astype("f4") for _ in range(10)] for _ in range(2)
    )
    update = _adam(weights)

    def run(steps: int) -> int:
        for _ in range(steps):
            update(grads)
        return steps

    return run


if __name__ == "__main__":
    serve(prepare)
