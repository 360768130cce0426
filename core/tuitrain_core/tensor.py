"""Tensor and Parameter: an array with a gradient; and `apply`, which runs every operation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import numpy as np

from . import aligned, tape
from .errors import CoreError, ShapeError
from .ops import checks, elementwise, reduction, shape
from .ops.base import Array, Op

_KEEPS_DTYPE = ("f", "i", "u", "b")

Kind = TypeVar("Kind", bound="Tensor")


class Tensor:
    """An array that gradients can flow through.

    Arithmetic promotes dtypes as NumPy does: float32 and whole numbers give float64. An operand
    that is not a tensor takes the dtype of a floating tensor beside it. ``==`` compares identity;
    to compare values, compare the arrays that `numpy` returns.

    Parameters
    ----------
    data : array, nested sequence, number or Tensor
        Python floats become float32, as do lists of them; NumPy arrays keep their dtype, and their
        memory is shared where it is contiguous.
    dtype : optional NumPy dtype

    Attributes
    ----------
    grad : Tensor or None
        The sum of the gradients of all backward passes since it was None; always None for a
        tensor that is not attached to a `GradManager`.

    Raises
    ------
    CoreError : the data are not numbers, or the dtype is unknown or cannot hold them
    """

    __slots__ = ("__weakref__", "_array", "_node", "_tape", "grad")

    # `array + tensor` calls the tensor's method; NumPy's would drop the gradient.
    __array_priority__ = 1000

    def __init__(self, data: Any, dtype: Any = None) -> None:
        self._array: Array = _as_array(data, dtype)
        self._node: tape.Node | None = None
        self._tape: tape.Tape | None = None
        self.grad: Tensor | None = None

    def numpy(self) -> Array:
        """Return the values as a NumPy array: the tensor's own memory, not a copy."""
        tape.notify_read()
        return self._array

    def item(self) -> float | int:
        """Return the value of a tensor with one element, as a Python number.

        Raises
        ------
        ShapeError : it has no element, or several
        """
        tape.notify_read()
        if self.size != 1:
            raise ShapeError(f"a tensor of shape {self.shape} is not a single value")
        return self._array.item()

    def detach(self) -> Tensor:
        """Return a tensor of the same values that no gradient flows to."""
        return Tensor(self)

    def astype(self, dtype: Any) -> Tensor:
        """Return a copy with another dtype; no gradient flows through it."""
        return apply(elementwise.AsType(np.dtype(dtype)), self)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self._array.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._array.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self._array.dtype

    def __add__(self, other: Any) -> Tensor:
        return apply(elementwise.Add(), self, self._like(other))

    def __sub__(self, other: Any) -> Tensor:
        return apply(elementwise.Subtract(), self, self._like(other))

    def __mul__(self, other: Any) -> Tensor:
        return apply(elementwise.Multiply(), self, self._like(other))

    def __truediv__(self, other: Any) -> Tensor:
        return apply(elementwise.Divide(), self, self._like(other))

    def __radd__(self, other: Any) -> Tensor:
        return self._like(other) + self

    def __rsub__(self, other: Any) -> Tensor:
        return self._like(other) - self

    def __rmul__(self, other: Any) -> Tensor:
        return self._like(other) * self

    def __rtruediv__(self, other: Any) -> Tensor:
        return self._like(other) / self

    def __neg__(self) -> Tensor:
        return self * -1

    def __pow__(self, exponent: float) -> Tensor:
        return apply(elementwise.Power(float(exponent)), self)

    def __matmul__(self, other: Tensor) -> Tensor:
        from .ops import linear

        return apply(linear.MatMul(), self, self._like(other))

    def __rmatmul__(self, other: Any) -> Tensor:
        return self._like(other) @ self

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Add up all elements, or those along ``axis``; ``keepdims`` leaves axes of size 1.

        Raises
        ------
        ShapeError : there is no such axis, or an axis is named twice
        CoreError : an axis is not a whole number
        """
        return apply(reduction.Sum(reduction.as_axes(axis), keepdims), self)

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Average all elements, or those along ``axis``; ``keepdims`` leaves axes of size 1.

        Raises
        ------
        ShapeError : there is no such axis, an axis is named twice, or there is nothing to average
        CoreError : an axis is not a whole number
        """
        return apply(reduction.Mean(reduction.as_axes(axis), keepdims), self)

    def reshape(self, *sizes: int | tuple[int, ...]) -> Tensor:
        """Return the same elements, in order, under another shape; one size may be -1.

        Raises
        ------
        ShapeError : the number of elements differs
        CoreError : the sizes are not whole numbers
        """
        return apply(shape.Reshape(checks.as_sizes("the shape", _as_sequence(sizes))), self)

    def transpose(self, *axes: int | tuple[int, ...]) -> Tensor:
        """Permute the axes: axis i of the result is axis ``axes[i]``; by default, reverse them.

        Raises
        ------
        ShapeError : the axes do not name each axis once
        CoreError : the axes are not whole numbers
        """
        order = _as_sequence(axes) if axes else tuple(range(self.ndim))[::-1]
        return apply(shape.Transpose(checks.as_sizes("the order of the axes", order)), self)

    def __getitem__(self, index: Any) -> Tensor:
        return apply(shape.Index(_as_array_index(index)), self)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a tensor without axes")
        return self._array.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        tape.notify_read()
        return np.array(self._array, dtype=dtype, copy=copy)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __repr__(self) -> str:
        values = np.array2string(
            self._array, precision=4, suppress_small=True, prefix=f"{type(self).__name__}("
        )
        return f"{type(self).__name__}({values}, dtype={self.dtype})"

    def _like(self, other: Any) -> Tensor:
        """Return the other operand as a tensor, a new one with this tensor's dtype."""
        if isinstance(other, Tensor):
            return other
        return Tensor(other, dtype=self.dtype if self.dtype.kind == "f" else None)


class Parameter(Tensor):
    """A tensor of a module that is trained. It never shares memory with its initial data."""

    __slots__ = ()

    def __init__(self, data: Any, dtype: Any = None) -> None:
        super().__init__(data, dtype)
        self._array = aligned.copy(self._array)
        if self._array.dtype.kind != "f":
            raise CoreError(
                f"a parameter holds floating-point numbers, but was given {self.dtype}; "
                "pass dtype='float32'"
            )

    def set_value(self, values: Any) -> None:
        """Overwrite the values in place, converted to the dtype; shapes must be equal.

        Raises
        ------
        CoreError : the shape differs, or the values are not numbers
        """
        tape.notify_read()
        array = _as_array(values, self.dtype)
        if array.shape != self.shape:
            raise CoreError(f"this parameter has shape {self.shape}, but was given {array.shape}")
        self._array[...] = array


def tensor(data: Any, dtype: Any = None) -> Tensor:
    """Make a `Tensor` from an array, a nested sequence or a number."""
    return Tensor(data, dtype)


def as_tensor_list(tensors: Any, kind: type[Kind], expected: str) -> list[Kind]:
    """Return one tensor, or an iterable of tensors, as a list.

    Parameters
    ----------
    tensors : one tensor, or an iterable
    kind : Tensor or Parameter
    expected : beginning of the error's message

    Raises
    ------
    CoreError : an element is of another kind
    """
    single = isinstance(tensors, Tensor) or not isinstance(tensors, Iterable)
    listed: list[Any] = [tensors] if single else list(tensors)
    for item in listed:
        if not isinstance(item, kind):
            hint = ": pass its parameters()" if hasattr(item, "parameters") else ""
            raise CoreError(f"{expected}, but was given {type(item).__name__}{hint}")
    return listed


def apply(op: Op, *inputs: Tensor) -> Tensor:
    """Apply an operation to tensors, and record it if a gradient can flow through it.

    Every operation of the framework is applied here.
    """
    # NaN and inf are values like others. A warning would be printed over the screen.
    with np.errstate(all="ignore"):
        arrays = [tensor._array for tensor in inputs]
        output, saved = (
            (op.infer_output(*arrays), None) if tape.is_abstract() else op.forward(*arrays)
        )
    result = Tensor(output)
    recorder = tape.current()
    if recorder is not None:
        parents = tuple(node_of(tensor, recorder) for tensor in inputs)
        if any(parent is not None for parent in parents):
            result._node = recorder.record(op, saved, parents)
            result._tape = recorder
    observer = tape.op_observer()
    if observer is not None:
        observer(op, inputs, result)
    return result


def node_of(tensor: Tensor, recorder: tape.Tape) -> tape.Node | None:
    """Return a tensor's node on a tape: a leaf, a result, or None."""
    leaf = recorder.leaves.get(id(tensor))
    if leaf is not None:
        return leaf
    return tensor._node if tensor._tape is recorder else None


def _as_sequence(sizes: tuple[Any, ...]) -> Any:
    """Return numbers that were passed as one sequence, or one by one."""
    return sizes[0] if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes


def _as_array_index(index: Any) -> Any:
    """Return an index with arrays in place of tensors."""
    if isinstance(index, tuple):
        return tuple(_as_array_index(part) for part in index)
    return index.numpy() if isinstance(index, Tensor) else index


def _as_array(data: Any, dtype: Any) -> Array:
    if isinstance(data, Tensor):
        data = data.numpy()
    number = isinstance(data, int | float)
    try:
        # Other data in their own dtype first: with a floating dtype, NumPy makes None into NaN.
        array = np.asarray(data, dtype=dtype if number else None)
        if not number and dtype is not None and array.dtype.kind in _KEEPS_DTYPE:
            array = np.asarray(data, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise CoreError(f"no tensor can be made of {data!r:.60}: {error}") from error
    keeps = dtype is not None or isinstance(data, np.ndarray | np.generic)
    if not keeps and array.dtype == np.float64:
        array = array.astype(np.float32)
    if array.dtype.kind not in _KEEPS_DTYPE:
        raise CoreError(
            f"a tensor holds numbers, but was given {type(data).__name__}: {data!r:.60}"
        )
    if not array.dtype.isnative:  # from a file; kernels read the machine's byte order only
        array = array.astype(array.dtype.newbyteorder("="))
    return np.ascontiguousarray(array).reshape(array.shape)
