"""Tensor and Parameter: an array with a gradient; and `apply`, which runs every operation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self, TypeVar

import numpy as np

from . import aligned, tape
from .array_data import copy_data
from .errors import CoreError, RecordingError, ShapeError
from .ops import checks
from .ops.base import Array, Op
from .tensor_methods import TensorMethods

Kind = TypeVar("Kind", bound="Tensor")


class Tensor(TensorMethods):
    """An array that gradients can flow through. Its values are copied from the data.

    float32 is the type of floating-point numbers and int32 that of whole ones unless a dtype is
    given; results of both are float32. ``==`` and the other comparisons work on elements; as a key
    of a dictionary a tensor is itself.

    Parameters
    ----------
    data : array, nested sequence, number or Tensor
    dtype : NumPy dtype; default: the data's own, float32 for float64, and int32 for int64
    device : accepted for MegEngine's sake; the processor is the only device
    name : optional name

    Attributes
    ----------
    grad : Tensor or None
        The sum of the gradients of all backward passes since it was None; always None for a
        tensor that is not attached to a `GradManager`.
    name : str

    Raises
    ------
    CoreError : the data are not numbers, or the dtype is unknown or cannot hold them
    """

    __slots__ = ("__weakref__", "_array", "_keeps_memory", "_node", "_tape", "grad", "name")

    def __init__(
        self,
        data: Any,
        dtype: Any = None,
        device: str | None = None,  # noqa: ARG002
        is_const: bool = False,  # noqa: ARG002
        no_cache: bool = False,  # noqa: ARG002
        name: str | None = None,
    ) -> None:
        if isinstance(data, Tensor):
            tape.notify_read()
            array = data._array.astype(data.dtype if dtype is None else dtype, copy=True)
        else:
            array = copy_data(data, dtype)
        self._set_up(array)
        self.name = name or ""

    def _set_up(self, array: Array) -> None:
        self._array: Array = array
        self._keeps_memory = False
        self._node: tape.Node | None = None
        self._tape: tape.Tape | None = None
        self.grad: Tensor | None = None
        self.name = ""

    def numpy(self) -> Array:
        """Return a copy of the values as a NumPy array that cannot be written to."""
        tape.notify_read()
        copy = self._array.copy()
        copy.flags.writeable = False
        return copy

    def keep_memory(self) -> None:
        """Keep this memory: `set_value` and assignments in place write to it from now on."""
        self._keeps_memory = True

    def memory(self) -> Array:
        """Return the tensor's own memory, which later updates overwrite.

        From then on the tensor keeps this memory: `set_value` and assignments in place write to it.
        """
        tape.notify_read()
        self._keeps_memory = True
        return self._array

    def set_value(self, value: Any) -> None:
        """Overwrite the values, converted to the dtype; shapes must be equal.

        Raises
        ------
        CoreError : the shape differs, or the values are not numbers
        """
        tape.notify_read()
        array = value._array if isinstance(value, Tensor) else copy_data(value, self.dtype)
        if array.shape != self.shape:
            raise CoreError(
                f"this {type(self).__name__.lower()} has shape {self.shape}, but was given "
                f"{array.shape}"
            )
        if self._keeps_memory:
            self._array[...] = array
        else:
            self._array = array.astype(self.dtype, copy=True)

    def _assign(self, result: Tensor) -> Self:
        """Become the result of an operation on this tensor: an assignment in place."""
        tape.notify_read()
        if self._keeps_memory:
            if any(node_of(self, recorder) is not None for recorder in tape.active()):
                raise RecordingError(
                    "an attached parameter is assigned to in place while its gradient is recorded; "
                    "do so after backward, or compute a new tensor"
                )
            if result.shape != self.shape:
                raise ShapeError(
                    f"an assignment in place keeps the shape {self.shape}, but the result has "
                    f"{result.shape}"
                )
            self._array[...] = result._array
            return self
        for recorder in tape.active():
            node = node_of(result, recorder)
            if node is not None:
                recorder.later[id(self)] = (self, node)
        self._array, self._node, self._tape = result._array, None, None
        return self

    def _apply(self, op: Op, *inputs: Any) -> Tensor:
        return apply(op, self, *inputs)

    def convert(self, other: Any) -> Tensor:
        """Return the other operand as a tensor, a number with this tensor's dtype if it fits."""
        if isinstance(other, Tensor):
            return other
        if other is None:
            raise CoreError("an operand is None; compare with `is None`")
        if self.dtype.kind == "f":
            return Tensor(other, dtype=self.dtype)
        if checks.is_whole(other):
            if self.dtype.kind == "b":  # as in MegEngine, where True + 1 is 2.0
                return Tensor(other, dtype=np.float32)
            limits = np.iinfo(self.dtype)
            return Tensor(other, dtype=self.dtype if limits.min <= other <= limits.max else None)
        return Tensor(other)

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

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        tape.notify_read()
        return np.array(self._array, dtype=dtype, copy=True)

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __repr__(self) -> str:
        values = np.array2string(
            self._array, precision=4, suppress_small=True, prefix=f"{type(self).__name__}("
        )
        return f"{type(self).__name__}({values}, dtype={self.dtype})"


class Parameter(Tensor):
    """A tensor of a module that is trained. It keeps its memory: updates write to it."""

    __slots__ = ()

    def __init__(self, data: Any, dtype: Any = None, **options: Any) -> None:
        super().__init__(data, dtype, **options)
        self._array = aligned.copy(self._array)
        self._keeps_memory = True
        if self._array.dtype.kind != "f":
            raise CoreError(
                f"a parameter holds floating-point numbers, but was given {self.dtype}; "
                "pass dtype='float32'"
            )


tensor = Tensor
"""MegEngine's name of the class."""


def wrap(array: Array) -> Tensor:
    """Return a tensor of an array itself, in its dtype; only memory with gaps is copied."""
    result = Tensor.__new__(Tensor)
    result._set_up(np.ascontiguousarray(array).reshape(np.shape(array)))
    return result


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
    result = wrap(output)
    if inputs[0]._keeps_memory and result._array.base is not None:  # a view would change with it
        result._array = result._array.copy()
    for recorder in tape.active() if op.differentiable else ():
        parents = tuple(node_of(tensor, recorder) for tensor in inputs)
        if any(parent is not None for parent in parents):
            node = recorder.record(op, saved, parents)
            if result._tape is None:
                result._node, result._tape = node, recorder
            else:
                recorder.later[id(result)] = (result, node)
    observer = tape.op_observer()
    if observer is not None:
        observer(op, inputs, result)
    return result


def node_of(tensor: Tensor, recorder: tape.Tape) -> tape.Node | None:
    """Return a tensor's node on a tape: a leaf, a result, or None."""
    if recorder.later:
        later = recorder.later.get(id(tensor))
        if later is not None:
            return later[1]
    leaf = recorder.leaves.get(id(tensor))
    if leaf is not None:
        return leaf
    return tensor._node if tensor._tape is recorder else None
