"""Differentiable operations on plain arrays.

One class an operation: its fields are the attributes (stride, padding, axis), ``forward`` computes,
``backward`` gives the gradients of the inputs that are asked for. Nothing here knows of tensors,
tapes or modules, so an operation can be tested, traced and replaced by itself.
"""

from .base import Array, Op

__all__ = ["Array", "Op"]
