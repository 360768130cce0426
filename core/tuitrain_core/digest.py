"""Digests: equal for two runs if and only if their states have the same bits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .module import Module
from .optimizer import Optimizer, ParameterState


def compute_digest(net: Module, optimizers: Optimizer | Iterable[Optimizer]) -> str:
    """Return the digest of a network and of its optimizers' state.

    Parameters
    ----------
    net : its parameters and buffers count, by their names
    optimizers : one or several; their state counts, and not their hyper-parameters
    """
    listed = [optimizers] if isinstance(optimizers, Optimizer) else list(optimizers)
    states = {param: state for optimizer in listed for param, state in optimizer.state.items()}
    named = dict(net.named_parameters())
    return digest_arrays(
        {name: param.memory() for name, param in named.items()},
        {name: buffer.memory() for name, buffer in net.named_buffers()},
        {name: states[param] for name, param in named.items() if param in states},
    )


def digest_arrays(
    parameters: Mapping[str, np.ndarray],
    buffers: Mapping[str, np.ndarray],
    states: Mapping[str, ParameterState],
) -> str:
    """Return the SHA-256 of names, types, shapes and bytes, as ``"sha256:…"``.

    Parameters
    ----------
    parameters, buffers : arrays by name
    states : optimizer state by parameter name, of the parameters that have one
    """
    total = hashlib.sha256()
    for kind, arrays in (("parameter", parameters), ("buffer", buffers)):
        for name in sorted(arrays):
            _add(total, f"{kind} {name}", arrays[name])
    for name in sorted(states):
        _add_state(total, name, states[name])
    return f"sha256:{total.hexdigest()}"


def digest_by_name(
    parameters: Mapping[str, np.ndarray],
    buffers: Mapping[str, np.ndarray],
    states: Mapping[str, ParameterState],
) -> dict[str, str]:
    """Return the first 16 digits of a SHA-256 for each name, to locate a difference."""
    by_name = {}
    for name, array in sorted([*parameters.items(), *buffers.items()]):
        part = hashlib.sha256()
        _add(part, name, array)
        if name in states:
            _add_state(part, name, states[name])
        by_name[name] = part.hexdigest()[:16]
    return by_name


def _add_state(total: Any, name: str, state: ParameterState) -> None:
    total.update(f"state {name} after {state.step} updates\n".encode())
    for slot in sorted(state.slots):
        _add(total, f"state {name} {slot}", state.slots[slot])


def _add(total: Any, label: str, array: np.ndarray) -> None:
    # Little-endian bytes in C order, so the layout in memory does not count.
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    total.update(f"{label} {array.dtype.str} {array.shape}\n".encode())
    total.update(array.tobytes())
