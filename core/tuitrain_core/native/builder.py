"""A vector builder over LLVM's IR: what a kernel's emitter is written in.

A kernel is a function ``void(int64 *arguments)``; addresses are int64 values, in bytes. Whatever an
emitter knows is a Python number and becomes a constant in the code; what is known when the kernel
runs is a value. Integer operations here take both, and compute at once where they can.

No value is ever computed in an order that LLVM may choose: no fast-math flag is set anywhere.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from .host import Host

Value = Any  # an ir.Value: llvmlite gives no types
Int = Any  # a Python int, or an int64 Value
Mask = Any  # None (all lanes), an int (that many of the first lanes), or a vector of bits

BIT, INT8, INT32, INT64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)
FLOAT = ir.FloatType()
FLOAT_BYTES = 4


class Builder:
    """One kernel under construction.

    Parameters
    ----------
    name: the function's name.
    arguments: how many int64 values the argument block holds; ``self.arguments`` has them.
    host: decides the number of lanes, and whether fused multiply-add is emitted.
    """

    def __init__(self, name: str, arguments: int, host: Host) -> None:
        self.host = host
        self.lanes = host.lanes
        self.vector = ir.VectorType(FLOAT, host.lanes)
        self.bits = ir.VectorType(BIT, host.lanes)
        self.module = ir.Module(name)
        kind = ir.FunctionType(ir.VoidType(), [INT64.as_pointer()])
        self.function = ir.Function(self.module, kind, name)
        self.ir = ir.IRBuilder(self.function.append_basic_block())
        block = self.function.args[0]
        self.arguments = [
            self.ir.load(self.ir.gep(block, [ir.Constant(INT64, i)])) for i in range(arguments)
        ]

    def narrow(self, lanes: int) -> Builder:
        """Return a builder of the same kernel whose vectors have fewer lanes."""
        other = copy.copy(self)
        other.lanes = lanes
        other.vector, other.bits = ir.VectorType(FLOAT, lanes), ir.VectorType(BIT, lanes)
        return other

    def text(self) -> str:
        """Finish the function and return the module's IR."""
        self.ir.ret_void()
        return str(self.module)

    # -- integers

    def integer(self, value: Int) -> Value:
        """Return a number as an int64 value."""
        return ir.Constant(INT64, value) if isinstance(value, int) else value

    def add(self, a: Int, b: Int) -> Int:
        """Return a + b."""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if isinstance(a, int) or isinstance(b, int):
            a, b = (b, a) if isinstance(a, int) else (a, b)
            return a if b == 0 else self.ir.add(a, ir.Constant(INT64, b))
        return self.ir.add(a, b)

    def sub(self, a: Int, b: Int) -> Int:
        """Return a - b."""
        if isinstance(b, int):
            return self.add(a, -b)
        return self.ir.sub(self.integer(a), b)

    def mul(self, a: Int, b: Int) -> Int:
        """Return a · b."""
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        return self.ir.mul(self.integer(a), self.integer(b))

    def div(self, a: Int, b: int) -> Int:
        """Return a / b rounded down, for a >= 0."""
        return a // b if isinstance(a, int) else self.ir.udiv(a, ir.Constant(INT64, b))

    def rem(self, a: Int, b: int) -> Int:
        """Return what a / b leaves, for a >= 0."""
        return a % b if isinstance(a, int) else self.ir.urem(a, ir.Constant(INT64, b))

    def less(self, a: Int, b: Int) -> Value:
        """Return the bit a < b."""
        return self.ir.icmp_signed("<", self.integer(a), self.integer(b))

    def minimum(self, a: Int, b: Int) -> Int:
        """Return the smaller integer."""
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self.ir.select(self.less(a, b), self.integer(a), self.integer(b))

    def maximum(self, a: Int, b: Int) -> Int:
        """Return the larger integer."""
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b)
        return self.ir.select(self.less(a, b), self.integer(b), self.integer(a))

    def at(self, address: Value, *floats: Int) -> Value:
        """Return the address that many floats further on."""
        for count in floats:
            address = self.add(address, self.mul(count, FLOAT_BYTES))
        return address

    # -- memory

    def load(self, address: Value, offset: Int = 0, mask: Mask = None) -> Value:
        """Return the vector at address + offset floats; masked lanes are 0 and are not read."""
        pointer = self._pointer(address, offset, self.vector)
        if mask is None or self._whole(mask):
            return self.ir.load(pointer, align=FLOAT_BYTES)
        name = f"llvm.masked.load.v{self.lanes}f32.p0"
        kinds = [pointer.type, INT32, self.bits, self.vector]
        function = self._intrinsic(name, self.vector, kinds)
        align = ir.Constant(INT32, FLOAT_BYTES)
        return self.ir.call(function, [pointer, align, self._bits(mask), self.zero])

    def store(self, value: Value, address: Value, offset: Int = 0, mask: Mask = None) -> None:
        """Write a vector to address + offset floats; masked lanes are left as they are."""
        pointer = self._pointer(address, offset, self.vector)
        if mask is None or self._whole(mask):
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

    def load_address(self, place: Value, offset: Int = 0) -> Value:
        """Return the address that stands at place + offset floats."""
        return self.ir.load(self._pointer(place, offset, INT64), align=FLOAT_BYTES)

    def store_addresses(self, base: Value, floats: Value, place: Value) -> None:
        """Write the addresses that are so many floats (a vector of whole numbers) from a base."""
        kind = ir.VectorType(INT64, self.lanes)
        numbers = self.ir.sext(self.ir.fptosi(floats, ir.VectorType(INT32, self.lanes)), kind)
        offsets = self.ir.mul(numbers, ir.Constant(kind, [FLOAT_BYTES] * self.lanes))
        first = self.ir.insert_element(ir.Constant(kind, ir.Undefined), base, ir.Constant(INT32, 0))
        bases = self.shuffle(first, first, [0] * self.lanes)
        pointer = self._pointer(place, 0, kind)
        self.ir.store(self.ir.add(bases, offsets), pointer, align=FLOAT_BYTES)

    def columns(self, count: int) -> list[tuple[int, Mask]]:
        """Return the vectors that cover so many floats: (offset, mask) of each."""
        return [
            (first, None if count - first >= self.lanes else count - first)
            for first in range(0, count, self.lanes)
        ]

    def scratch(self, floats: int) -> Value:
        """Return the address of so many floats on the stack, where a line of the cache begins.

        They are not yet written. To be asked for before any loop: in one it would take more of the
        stack each time.
        """
        memory: Any = self.ir.alloca(ir.ArrayType(FLOAT, floats))
        memory.align = 64
        return self.ir.ptrtoint(memory, INT64)

    def zeros(self, floats: int) -> Value:
        """Return the address of so many zeros."""
        kind, name = ir.ArrayType(FLOAT, floats), f"zeros{floats}"
        known: Any = self.module.globals.get(name)
        if known is None:
            known = ir.GlobalVariable(self.module, kind, name)
            known.initializer = ir.Constant(kind, None)
            known.global_constant, known.linkage = True, "internal"
        return self.ir.ptrtoint(known, INT64)

    # -- vectors

    @property
    def zero(self) -> Value:
        """The vector of zeros."""
        return self.constant(0.0)

    def constant(self, value: float) -> Value:
        """Return a vector of one number."""
        return self.vector_of([value] * self.lanes)

    def vector_of(self, values: Sequence[float]) -> Value:
        """Return a vector of these numbers."""
        return ir.Constant(self.vector, [float(np.float32(value)) for value in values])

    def splat(self, scalar: Value) -> Value:
        """Return a vector of one float value."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.ir.insert_element(undefined, scalar, ir.Constant(INT32, 0))
        return self.shuffle(first, undefined, [0] * self.lanes)

    def shuffle(self, a: Value, b: Value, lanes: Sequence[int]) -> Value:
        """Return the lanes of a (0, 1, ...) and b (counted on from there) in the order given."""
        kind = ir.VectorType(INT32, len(lanes))
        return self.ir.shuffle_vector(a, b, ir.Constant(kind, list(lanes)))

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """Return a · b + c, rounded once with FMA; without, twice, as llvm.fma would be a call."""
        if not self.host.fma:
            return self.ir.fadd(self.ir.fmul(a, b), c)
        function = self._intrinsic(f"llvm.fma.v{self.lanes}f32", self.vector, [self.vector] * 3)
        return self.ir.call(function, [a, b, c])

    def greater(self, a: Value, b: Value) -> Value:
        """Return the bits a > b; a NaN on either side gives none."""
        return self.ir.fcmp_ordered(">", a, b)

    def relu(self, value: Value) -> Value:
        """Return max(value, 0); NaN for NaN."""
        return self.ir.select(self.ir.fcmp_unordered(">", value, self.zero), value, self.zero)

    def where_positive(self, condition: Value, value: Value) -> Value:
        """Return value · (condition > 0), a product, so that NaN and inf stay in sight."""
        on = self.ir.select(self.greater(condition, self.zero), self.constant(1), self.zero)
        return self.ir.fmul(value, on)

    # -- control

    def loop(
        self,
        count: Int,
        body: Callable[[Value, list[Value]], Sequence[Value] | None],
        carry: Sequence[Value] = (),
    ) -> list[Value]:
        """Run body(i, carried) for i in 0 ... count-1 and return what is carried out at the end.

        body returns the next carried values. A count that is not positive runs nothing, and what
        was carried in comes out.
        """
        if isinstance(count, int) and count <= 1:
            return list((body(self.integer(0), list(carry)) or ()) if count == 1 else carry)
        before, head = self.ir.block, self.function.append_basic_block()
        after = self.function.append_basic_block()
        if isinstance(count, int):
            self.ir.branch(head)
        else:
            self.ir.cbranch(self.less(0, count), head, after)
        self.ir.position_at_end(head)
        i = self.ir.phi(INT64)
        i.add_incoming(self.integer(0), before)
        carried = [self.ir.phi(value.type) for value in carry]
        for phi, value in zip(carried, carry, strict=True):
            phi.add_incoming(value, before)
        new = list(body(i, list(carried)) or ())
        following, latch = self.add(i, 1), self.ir.block
        i.add_incoming(following, latch)
        for phi, value in zip(carried, new, strict=True):
            phi.add_incoming(value, latch)
        self.ir.cbranch(self.less(following, count), head, after)
        self.ir.position_at_end(after)
        return new if isinstance(count, int) else self._merged(carry, before, new, latch)

    def tiles(
        self, first: Int, last: Int, sizes: Sequence[int], body: Callable[[Int, int], None]
    ) -> None:
        """Cut first ... last-1 into tiles, the first size as often as it fits, and so on.

        body(start, size) is emitted once for each size; the last size should be 1.
        """
        for size in sizes:
            count = self.div(self.maximum(self.sub(last, first), 0), size)
            self._tiles(first, size, count, body)
            first = self.add(first, self.mul(count, size))

    def when(self, condition: Value, body: Callable[[], Any]) -> None:
        """Run body if the bit is set."""
        with self.ir.if_then(condition):
            body()

    def either(
        self, condition: Value, body: Callable[[], Any], otherwise: Callable[[], Any]
    ) -> None:
        """Run body if the bit is set, and otherwise the other."""
        with self.ir.if_else(condition) as (then, instead):
            with then:
                body()
            with instead:
                otherwise()

    # -- how

    def _tiles(self, first: Int, size: int, count: Int, body: Callable[[Int, int], None]) -> None:
        self.loop(count, lambda i, _: body(self.add(self.mul(i, size), first), size))

    def _merged(
        self, early: Sequence[Value], before: Value, late: Sequence[Value], latch: Value
    ) -> list[Value]:
        merged = []
        for skipped, value in zip(early, late, strict=True):
            phi = self.ir.phi(value.type)
            phi.add_incoming(skipped, before)
            phi.add_incoming(value, latch)
            merged.append(phi)
        return merged

    def _pointer(self, address: Value, offset: Int, kind: Any) -> Value:
        return self.ir.inttoptr(self.at(address, offset), kind.as_pointer())

    def _whole(self, mask: Mask) -> bool:
        return isinstance(mask, int) and mask >= self.lanes

    def _bits(self, mask: Mask) -> Value:
        if not isinstance(mask, int):
            return mask
        return ir.Constant(self.bits, [int(lane < mask) for lane in range(self.lanes)])

    def _intrinsic(self, name: str, result: Any, kinds: Sequence[Any]) -> Value:
        known = self.module.globals.get(name)
        return known or ir.Function(self.module, ir.FunctionType(result, kinds), name)
