# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Making the engine of a script from the script's own objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from tuitrain.errors import RefusedError
from tuitrain.metric_info import MetricInfo

from .batches import Batches
from .engine import TorchScriptEngine
from .ranks.channel import Channel
from .ranks.join import make_engine


def steer(
    model: torch.nn.Module,
    optimizer: Any,
    steps_per_epoch: int,
    metrics: Sequence[MetricInfo],
    loader: Any,
    accumulate: int,
    objects: Mapping[str, Any],
    channel: Channel | None = None,
) -> TorchScriptEngine:
    """Make the engine that steers a script's loop; see `registry.steer_torch_script`.

    Raises
    ------
    RefusedError : the optimizer is of another kind, or does not fit the network
    """
    batches = None if loader is None else Batches(loader, accumulate, channel is not None)
    optimizers = optimizers_of(optimizer)
    parts = (model, optimizers, steps_per_epoch, metrics, batches, objects)
    return TorchScriptEngine(*parts) if channel is None else make_engine(channel, *parts)


def optimizers_of(optimizer: Any) -> tuple[torch.optim.Optimizer, ...]:
    """Return a script's optimizers as a tuple.

    Raises
    ------
    RefusedError : they are of another kind
    """
    items = tuple(optimizer) if isinstance(optimizer, list | tuple) else (optimizer,)
    items = tuple(map(_unwrapped, items))
    for item in items:
        if not isinstance(item, torch.optim.Optimizer):
            raise RefusedError(
                "watch takes an optimizer of torch.optim, or a list of them, but was given "
                f"{type(item).__name__}"
            )
    if not items:
        raise RefusedError("watch takes at least one optimizer, but was given an empty list")
    return items


def _unwrapped(optimizer: Any) -> Any:
    """Return the optimizer that takes the steps of a wrapper, as Accelerate and Lightning have."""
    inner = getattr(optimizer, "optimizer", None)
    while isinstance(inner, torch.optim.Optimizer):
        optimizer, inner = inner, getattr(inner, "optimizer", None)
    return optimizer
