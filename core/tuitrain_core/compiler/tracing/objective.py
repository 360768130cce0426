"""The objective of a step: how a batch becomes a loss."""

from __future__ import annotations

from typing import Any

from ...data import Inputs
from ...errors import UnknownTypeError
from ...losses import Loss
from ...module import Module
from ...tensor import Tensor, tensor
from .trace import InputTensors, Objective


def compute_objective(
    model: Any, loss: Loss | None, inputs: InputTensors, targets: Tensor
) -> Objective:
    """Compute the loss of a batch, and the outputs.

    Parameters
    ----------
    model : called with the inputs, one argument for each
    loss : called with outputs and targets; None calls ``model.loss((inputs, targets))``

    Raises
    ------
    UnknownTypeError : the loss is not a tensor
    """
    if loss is None:
        return Objective(_checked(model.loss((inputs, targets))), None)
    outputs = call_model(model, inputs)
    return Objective(_checked(loss(outputs, targets)), outputs)


def _checked(loss: Any) -> Tensor:
    if isinstance(loss, Tensor):
        return loss
    what = "None" if loss is None else f"a {type(loss).__name__}"
    raise UnknownTypeError(f"the loss must be a Tensor with one number, but is {what}")


def call_model(model: Module, inputs: InputTensors) -> Tensor:
    """Call a model with one input, or with several."""
    return model(*inputs) if isinstance(inputs, tuple) else model(inputs)


def as_tensors(inputs: Inputs) -> InputTensors:
    """Return a batch's inputs as tensors."""
    return tuple(map(tensor, inputs)) if isinstance(inputs, tuple) else tensor(inputs)
