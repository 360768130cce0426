"""Loss functions."""

from __future__ import annotations

from ..errors import CoreError
from ..ops import loss
from ..tensor import Tensor, apply
from .activation import relu, softplus
from .elementwise import abs as absolute
from .elementwise import log, square
from .inputs import as_tensor


def cross_entropy(
    pred: Tensor,
    label: Tensor,
    axis: int = 1,
    with_logits: bool = True,
    label_smooth: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    """Return the negative log-likelihood of the labels.

    With ε = ``label_smooth``, K classes and log-probabilities ℓ: -(1 - ε) ℓ[label] - ε/K Σ ℓ
    (Szegedy et al., "Rethinking the Inception architecture", 2015, section 7).

    Parameters
    ----------
    pred : logits, with the classes along ``axis``: (N, K), or (N, K, ...)
    label : whole numbers from 0 to K - 1, of ``pred``'s shape without ``axis``
    axis : axis of the classes
    with_logits : whether ``pred`` has logits, or probabilities
    label_smooth : part of the target that is spread over all classes, in [0, 1)
    reduction : "mean" or "sum" over all labels, or "none"

    Returns
    -------
    One number, or the loss of each label for "none".

    Raises
    ------
    ShapeError : the shapes do not fit, or the batch is empty
    CoreError : a label is out of range or not a whole number, or an argument is unknown
    """
    op = loss.CrossEntropy(axis, with_logits, label_smooth, reduction)
    return apply(op, as_tensor(pred), as_tensor(label))


def square_loss(pred: Tensor, label: Tensor, reduction: str = "mean") -> Tensor:
    """Return (pred - label)².

    Parameters
    ----------
    pred : tensor of any shape
    label : numbers, of the same shape or one that broadcasts
    reduction : "mean" or "sum" over all elements, or "none"

    Raises
    ------
    ShapeError : the shapes do not fit, or are empty
    CoreError : the reduction is unknown
    """
    prediction, target = as_tensor(pred), as_tensor(label)
    if prediction.shape == target.shape:
        return apply(loss.SquareLoss(reduction), prediction, target)
    return _reduce("square_loss", square(prediction - target), reduction)


def l1_loss(pred: Tensor, label: Tensor, reduction: str = "mean") -> Tensor:
    """Return |pred - label|; see `square_loss`."""
    return _reduce("l1_loss", absolute(as_tensor(pred) - as_tensor(label)), reduction)


def binary_cross_entropy(
    pred: Tensor, label: Tensor, with_logits: bool = True, reduction: str = "mean"
) -> Tensor:
    """Return -label log p - (1 - label) log(1 - p).

    Parameters
    ----------
    pred : logits, or probabilities p without ``with_logits``
    label : targets in [0, 1], of the same shape
    with_logits : whether ``pred`` has logits
    reduction : "mean" or "sum" over all elements, or "none"

    Raises
    ------
    ShapeError : the shapes do not fit, or are empty
    CoreError : the reduction is unknown
    """
    x, target = as_tensor(pred), as_tensor(label)
    if with_logits:
        losses = softplus(x) - target * x
    else:
        losses = -(target * log(x) + (1.0 - target) * log(1.0 - x))
    return _reduce("binary_cross_entropy", losses, reduction)


def hinge_loss(pred: Tensor, label: Tensor, norm: str = "L1", reduction: str = "mean") -> Tensor:
    """Return max(1 - pred · label, 0), or its square, summed over the classes of each sample.

    Parameters
    ----------
    pred : shape (N, K)
    label : -1 or 1, of the same shape
    norm : "L1", or "L2" for the square
    reduction : "mean" or "sum" over the samples, or "none"

    Raises
    ------
    ShapeError : the shapes do not fit, or are empty
    CoreError : the reduction or the norm is unknown
    """
    if norm not in ("L1", "L2"):
        raise CoreError(f"hinge_loss: the norm is 'L1' or 'L2', but was given {norm!r}")
    losses = relu(1.0 - as_tensor(pred) * as_tensor(label))
    losses = square(losses) if norm == "L2" else losses
    return _reduce("hinge_loss", losses.sum(1) if losses.ndim > 1 else losses, reduction)


def _reduce(name: str, losses: Tensor, reduction: str) -> Tensor:
    loss.check_reduction(name, reduction, losses.size)
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()
