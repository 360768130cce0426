"""Differentiable operations on plain arrays.

An operation is a class: its fields are attributes (stride, padding, axis), ``forward`` computes the
output, and ``backward`` the gradients of the inputs that need one. Operations do not depend on
tensors, tapes or modules.
"""

from .base import Array, Op

__all__ = ["Array", "Op"]
