"""The vector builder that emitters of kernels are written with, over LLVM IR.

Integers, loops and branches are in `function_builder`. No fast-math flag is set anywhere, so LLVM
never chooses the order of a computation.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from .function_builder import (
    DOUBLE,
    FLOAT,
    FLOAT_BYTES,
    INT8,
    INT32,
    INT64,
    WORD_BYTES,
    FunctionBuilder,
    Int,
    Value,
)
from .host import Host

__all__ = [
    "CACHE_LINE_BYTES",
    "DOUBLE",
    "FLOAT",
    "FLOAT_BYTES",
    "INT8",
    "INT32",
    "INT64",
    "WORD_BYTES",
    "Builder",
    "Int",
    "Mask",
    "Value",
]

Mask = Any  # None (all lanes), an int (that many of the first lanes), or a vector of bits

BIT = ir.IntType(1)
CACHE_LINE_BYTES = 64


class Builder(FunctionBuilder):
    """One kernel under construction.

    Parameters
    ----------
    name : the function's name
    arguments : the number of int64 values in the argument block; `self.arguments` has their values
    host : decides the number of lanes, and whether fused multiply-add is emitted
    """

    def __init__(self, name: str, arguments: int, host: Host) -> None:
        super().__init__(name, arguments)
        self.host = host
        self.lanes = host.lanes
        self.vector = ir.VectorType(FLOAT, host.lanes)
        self.bits = ir.VectorType(BIT, host.lanes)

    def with_lanes(self, lanes: int) -> Builder:
        """Return a builder of the same kernel whose vectors have fewer lanes."""
        other = copy.copy(self)
        other.lanes = lanes
        other.vector, other.bits = ir.VectorType(FLOAT, lanes), ir.VectorType(BIT, lanes)
        return other

    # -- memory

    def at(self, address: Value, *floats: Int) -> Value:
        """Return an address moved by the sum of these numbers of floats."""
        for count in floats:
            address = self.add(address, self.mul(count, FLOAT_BYTES))
        return address

    def load(self, address: Value, offset: Int = 0, mask: Mask = None) -> Value:
        """Return the vector at address + offset floats; masked lanes are 0 and are not read."""
        pointer = self._pointer(address, offset, self.vector)
        if mask is None or self._is_full(mask):
            return self.ir.load(pointer, align=FLOAT_BYTES)
        name = f"llvm.masked.load.v{self.lanes}f32.p0"
        kinds = [pointer.type, INT32, self.bits, self.vector]
        function = self._intrinsic(name, self.vector, kinds)
        align = ir.Constant(INT32, FLOAT_BYTES)
        return self.ir.call(function, [pointer, align, self._bits(mask), self.zero])

    def store(self, value: Value, address: Value, offset: Int = 0, mask: Mask = None) -> None:
        """Write a vector to address + offset floats; masked lanes of memory stay unchanged."""
        pointer = self._pointer(address, offset, self.vector)
        if mask is None or self._is_full(mask):
            self.ir.store(value, pointer, align=FLOAT_BYTES)
            return
        name = f"llvm.masked.store.v{self.lanes}f32.p0"
        kinds = [self.vector, pointer.type, INT32, self.bits]
        function = self._intrinsic(name, ir.VoidType(), kinds)
        align = ir.Constant(INT32, FLOAT_BYTES)
        self.ir.call(function, [value, pointer, align, self._bits(mask)])

    def load_scalar(self, address: Value, offset: Int = 0) -> Value:
        """Return the float at address + offset floats."""
        return self.ir.load(self._pointer(address, offset, FLOAT), align=FLOAT_BYTES)

    def store_scalar(self, value: Value, address: Value, offset: Int = 0) -> None:
        """Write one float."""
        self.ir.store(value, self._pointer(address, offset, FLOAT), align=FLOAT_BYTES)

    def load_address(self, address: Value, offset: Int = 0) -> Value:
        """Return the address that is stored at address + offset floats."""
        return self.ir.load(self._pointer(address, offset, INT64), align=FLOAT_BYTES)

    def store_addresses(self, base: Value, floats: Value, address: Value) -> None:
        """Write the addresses base + floats, where `floats` is a vector of integral floats."""
        kind = ir.VectorType(INT64, self.lanes)
        numbers = self.ir.sext(self.ir.fptosi(floats, ir.VectorType(INT32, self.lanes)), kind)
        offsets = self.ir.mul(numbers, ir.Constant(kind, [FLOAT_BYTES] * self.lanes))
        first = self.ir.insert_element(ir.Constant(kind, ir.Undefined), base, ir.Constant(INT32, 0))
        bases = self.shuffle(first, first, [0] * self.lanes)
        pointer = self._pointer(address, 0, kind)
        self.ir.store(self.ir.add(bases, offsets), pointer, align=FLOAT_BYTES)

    def vector_slices(self, count: int) -> list[tuple[int, Mask]]:
        """Return the vectors that cover `count` floats: (offset, mask) of each."""
        return [
            (first, None if count - first >= self.lanes else count - first)
            for first in range(0, count, self.lanes)
        ]

    def scratch(self, floats: int) -> Value:
        """Return the address of uninitialized floats on the stack, aligned to a cache line.

        To be called outside of loops: each iteration would take more of the stack.
        """
        memory: Any = self.ir.alloca(ir.ArrayType(FLOAT, floats))
        memory.align = CACHE_LINE_BYTES
        return self.ir.ptrtoint(memory, INT64)

    def zeros(self, floats: int) -> Value:
        """Return the address of that many constant zeros."""
        kind, name = ir.ArrayType(FLOAT, floats), f"zeros{floats}"
        array: Any = self.module.globals.get(name)
        if array is None:
            array = ir.GlobalVariable(self.module, kind, name)
            array.initializer = ir.Constant(kind, None)
            array.global_constant, array.linkage = True, "internal"
        return self.ir.ptrtoint(array, INT64)

    # -- vectors

    @property
    def zero(self) -> Value:
        """The vector of zeros."""
        return self.constant(0.0)

    def constant(self, value: float) -> Value:
        """Return a vector of one number."""
        return self.constant_vector([value] * self.lanes)

    def constant_vector(self, values: Sequence[float]) -> Value:
        """Return a vector of these numbers."""
        return ir.Constant(self.vector, [float(np.float32(value)) for value in values])

    def splat(self, scalar: Value) -> Value:
        """Return a vector of one float value."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.ir.insert_element(undefined, scalar, ir.Constant(INT32, 0))
        return self.shuffle(first, undefined, [0] * self.lanes)

    def shuffle(self, a: Value, b: Value, lanes: Sequence[int]) -> Value:
        """Return lanes of a (0, 1, ...) and b (numbered after those of a), in this order."""
        kind = ir.VectorType(INT32, len(lanes))
        return self.ir.shuffle_vector(a, b, ir.Constant(kind, list(lanes)))

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """Return a · b + c, rounded once where the processor has FMA, else twice.

        Without FMA, llvm.fma would be a library call.
        """
        if not self.host.fma:
            return self.ir.fadd(self.ir.fmul(a, b), c)
        function = self._intrinsic(f"llvm.fma.v{self.lanes}f32", self.vector, [self.vector] * 3)
        return self.ir.call(function, [a, b, c])

    def greater(self, a: Value, b: Value) -> Value:
        """Return the bits a > b; not set where a or b is NaN."""
        return self.ir.fcmp_ordered(">", a, b)

    def relu(self, value: Value) -> Value:
        """Return max(value, 0); NaN for NaN."""
        return self.ir.select(self.ir.fcmp_unordered(">", value, self.zero), value, self.zero)

    def where_positive(self, condition: Value, value: Value) -> Value:
        """Return value · (condition > 0): a product, so that NaN and inf are not hidden."""
        on = self.ir.select(self.greater(condition, self.zero), self.constant(1), self.zero)
        return self.ir.fmul(value, on)

    # -- pointers, masks, intrinsics

    def _pointer(self, address: Value, offset: Int, kind: Any) -> Value:
        return self.ir.inttoptr(self.at(address, offset), kind.as_pointer())

    def _is_full(self, mask: Mask) -> bool:
        return isinstance(mask, int) and mask >= self.lanes

    def _bits(self, mask: Mask) -> Value:
        if not isinstance(mask, int):
            return mask
        return ir.Constant(self.bits, [int(lane < mask) for lane in range(self.lanes)])

    def _intrinsic(self, name: str, result: Any, kinds: Sequence[Any]) -> Value:
        declared = self.module.globals.get(name)
        return declared or ir.Function(self.module, ir.FunctionType(result, kinds), name)
