"""Loss functions."""

from __future__ import annotations

from ..ops import loss
from ..tensor import Tensor, apply
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
    label : numbers, of the same shape
    reduction : "mean" or "sum" over all elements, or "none"

    Raises
    ------
    ShapeError : the shapes differ or are empty
    CoreError : the reduction is unknown
    """
    return apply(loss.SquareLoss(reduction), as_tensor(pred), as_tensor(label))
