"""The networks and their steps for JAX, in NHWC, with donated parameters."""

# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..protocol import Cell
from ..workloads import channels_last, networks
from ..workloads.synthetic_data import (
    LEARNING_RATES,
    Weights,
    batches,
    initial_weights,
)

Tree: TypeAlias = Any
Step: TypeAlias = Callable[[Tree, Any, Any], Tree]
"""Maps state, images (B, 28, 28, 1) and labels to the state after the step."""

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8

POOLINGS = ("reshape", "window")
"""Maximum over axes, or over windows; the faster one depends on the batch."""


def data(cell: Cell) -> tuple[Any, Any]:
    """Return batches on the device: images (K, B, 28, 28, 1), and labels (K, B)."""
    images, labels = batches(cell.samples, cell.batch)
    return jnp.asarray(np.moveaxis(images, 2, -1)), jnp.asarray(labels)


def state(cell: Cell) -> Tree:
    """Return parameters and optimizer state."""
    layers = networks.network_layers(cell.network)
    parameters = []
    for layer, lower, (weight, bias) in zip(
        layers, channels_last.layers_below(layers), initial_weights(layers), strict=True
    ):
        if isinstance(layer, networks.Convolution):
            laid_out = channels_last.to_hwio(weight)
        else:
            laid_out = channels_last.to_linear_nhwc(weight, lower)
        parameters.append((jnp.asarray(laid_out), jnp.asarray(bias)))
    return with_moments(parameters) if cell.optimizer == "adam" else {"parameters": parameters}


def read(cell: Cell, state: Tree) -> list[Weights]:
    """Return the weights of all layers."""
    layers = networks.network_layers(cell.network)
    result = []
    for layer, lower, (weight, bias) in zip(
        layers, channels_last.layers_below(layers), state["parameters"], strict=True
    ):
        if isinstance(layer, networks.Convolution):
            laid_out = channels_last.from_hwio(np.asarray(weight))
        else:
            laid_out = channels_last.from_linear_nhwc(np.asarray(weight), lower)
        result.append((laid_out, np.asarray(bias)))
    return result


def with_moments(parameters: Tree) -> Tree:
    """Return Adam's initial state."""
    return {
        "parameters": parameters,
        "first": jax.tree.map(jnp.zeros_like, parameters),
        "second": jax.tree.map(jnp.zeros_like, parameters),
        "count": jnp.zeros((), jnp.int32),
    }


def step(cell: Cell, pooling: str) -> Step:
    """Return the training step of a cell."""
    layers = networks.network_layers(cell.network)

    def loss(parameters: Tree, images: Any, labels: Any) -> Any:
        logits = jax.nn.log_softmax(_forward(layers, parameters, images, pooling))
        return -jnp.take_along_axis(logits, labels[:, None], 1).mean()

    def train(state: Tree, images: Any, labels: Any) -> Tree:
        gradients = jax.grad(loss)(state["parameters"], images, labels)
        return adam(state, gradients) if cell.optimizer == "adam" else _sgd(state, gradients)

    return train


def adam(state: Tree, gradients: Tree) -> Tree:
    """Update a state with Adam."""
    count = state["count"] + 1
    first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, state["first"], gradients)
    second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, state["second"], gradients)
    rate = LEARNING_RATES["adam"] / (1 - BETA1 ** count.astype(jnp.float32))
    root = jnp.sqrt(1 - BETA2 ** count.astype(jnp.float32))
    parameters = jax.tree.map(
        lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + EPS),
        state["parameters"],
        first,
        second,
    )
    return {"parameters": parameters, "first": first, "second": second, "count": count}


def _sgd(state: Tree, gradients: Tree) -> Tree:
    rate = LEARNING_RATES["sgd"]
    return {"parameters": jax.tree.map(lambda p, g: p - rate * g, state["parameters"], gradients)}


def _forward(layers: tuple[networks.Layer, ...], parameters: Tree, x: Any, pooling: str) -> Any:
    for layer, (weight, bias) in zip(layers, parameters, strict=True):
        if isinstance(layer, networks.Convolution):
            padding = [(layer.padding, layer.padding)] * 2
            x = lax.conv_general_dilated(
                x, weight, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
            x = jax.nn.relu(x + bias)
            x = _max_pool(x, pooling) if layer.pool else x
        else:
            x = x.reshape(len(x), -1) @ weight + bias
            x = jax.nn.relu(x) if layer.relu else x
    return x


def _max_pool(x: Any, pooling: str) -> Any:
    if pooling == "window":
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))
