"""A builder of one function: integers, scalars in memory, loops and branches.

A kernel is a function ``void(int64 *arguments)``; addresses are int64 values, in bytes. A number
that an emitter knows is a Python int and becomes a constant in the code; a number that is known
only when the kernel runs is a `Value`. Integer operations take both, and fold constants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

Value = Any  # an ir.Value: llvmlite gives no types
Int = Any  # a Python int, or an int64 Value

INT8, INT32, INT64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
FLOAT, DOUBLE = ir.FloatType(), ir.DoubleType()
FLOAT_BYTES, WORD_BYTES = 4, 8
_FLOAT_SIZES = {FLOAT: 4, DOUBLE: 8}


class FunctionBuilder:
    """One native function under construction.

    Parameters
    ----------
    name : the function's name
    arguments : the number of int64 values in the argument block; `self.arguments` has their values
    """

    def __init__(self, name: str, arguments: int) -> None:
        self.module = ir.Module(name)
        kind = ir.FunctionType(ir.VoidType(), [INT64.as_pointer()])
        self.function = ir.Function(self.module, kind, name)
        self.ir = ir.IRBuilder(self.function.append_basic_block())
        block = self.function.args[0]
        self.arguments = [
            self.ir.load(self.ir.gep(block, [ir.Constant(INT64, i)])) for i in range(arguments)
        ]

    def finish(self) -> str:
        """Finish the function and return the module's IR."""
        self.ir.ret_void()
        return str(self.module)

    def constant_int(self, value: Int) -> Value:
        """Return an integer as an int64 value."""
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
        return self.ir.sub(self.constant_int(a), b)

    def mul(self, a: Int, b: Int) -> Int:
        """Return a · b."""
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        return self.ir.mul(self.constant_int(a), self.constant_int(b))

    def div(self, a: Int, b: int) -> Int:
        """Return a / b rounded down, for a >= 0."""
        return a // b if isinstance(a, int) else self.ir.udiv(a, ir.Constant(INT64, b))

    def rem(self, a: Int, b: int) -> Int:
        """Return the remainder of a / b, for a >= 0."""
        return a % b if isinstance(a, int) else self.ir.urem(a, ir.Constant(INT64, b))

    def less(self, a: Int, b: Int) -> Value:
        """Return the bit a < b."""
        return self.ir.icmp_signed("<", self.constant_int(a), self.constant_int(b))

    def equal(self, a: Int, b: Int) -> Value:
        """Return the bit a == b."""
        return self.ir.icmp_signed("==", self.constant_int(a), self.constant_int(b))

    def minimum(self, a: Int, b: Int) -> Int:
        """Return the smaller integer."""
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self.ir.select(self.less(a, b), self.constant_int(a), self.constant_int(b))

    def maximum(self, a: Int, b: Int) -> Int:
        """Return the larger integer."""
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b)
        return self.ir.select(self.less(a, b), self.constant_int(b), self.constant_int(a))

    def load_element(self, kind: Any, address: Value, index: Int = 0) -> Value:
        """Return the scalar of an LLVM type at a position of an array."""
        return self.ir.load(self.element_pointer(kind, address, index))

    def store_element(self, value: Value, address: Value, index: Int = 0) -> None:
        """Write a scalar to a position of an array of its type."""
        self.ir.store(value, self.element_pointer(value.type, address, index))

    def word_pointer(self, address: Value) -> Value:
        """Return an address as a pointer to an int64."""
        return self.ir.inttoptr(address, INT64.as_pointer())

    def element_pointer(self, kind: Any, address: Value, index: Int = 0) -> Value:
        """Return a pointer to a position of an array of an LLVM type."""
        size = kind.width // 8 if isinstance(kind, ir.IntType) else _FLOAT_SIZES[kind]
        offset = index if size == 1 else self.mul(index, size)
        return self.ir.inttoptr(self.add(address, offset), kind.as_pointer())

    def loop(
        self,
        count: Int,
        body: Callable[[Value, list[Value]], Sequence[Value] | None],
        carry: Sequence[Value] = (),
    ) -> list[Value]:
        """Run body(i, carried) for i in 0 ... count-1; return the values carried at the end.

        body returns the next carried values. With a count of 0 or less the initial ones are
        returned.
        """
        if isinstance(count, int) and count <= 1:
            return list((body(self.constant_int(0), list(carry)) or ()) if count == 1 else carry)
        before, head = self.ir.block, self.function.append_basic_block()
        after = self.function.append_basic_block()
        if isinstance(count, int):
            self.ir.branch(head)
        else:
            self.ir.cbranch(self.less(0, count), head, after)
        self.ir.position_at_end(head)
        i = self.ir.phi(INT64)
        i.add_incoming(self.constant_int(0), before)
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
        """Cut first ... last-1 into tiles: as many of the first size as fit, then of the next.

        body(start, size) is emitted once for each size; the last size should be 1.
        """
        for size in sizes:
            count = self.div(self.maximum(self.sub(last, first), 0), size)
            self._tiles(first, size, count, body)
            first = self.add(first, self.mul(count, size))

    def if_then(self, condition: Value, body: Callable[[], Any]) -> None:
        """Run body if the bit is set."""
        with self.ir.if_then(condition):
            body()

    def if_else(
        self, condition: Value, body: Callable[[], Any], otherwise: Callable[[], Any]
    ) -> None:
        """Run body if the bit is set, else otherwise."""
        with self.ir.if_else(condition) as (true_branch, false_branch):
            with true_branch:
                body()
            with false_branch:
                otherwise()

    def _tiles(self, first: Int, size: int, count: Int, body: Callable[[Int, int], None]) -> None:
        self.loop(count, lambda i, _: body(self.add(self.mul(i, size), first), size))

    def _merged(
        self, early: Sequence[Value], before: Value, late: Sequence[Value], latch: Value
    ) -> list[Value]:
        """Return phis of the values of a loop that ran (late) or was skipped (early)."""
        merged = []
        for skipped, value in zip(early, late, strict=True):
            phi = self.ir.phi(value.type)
            phi.add_incoming(skipped, before)
            phi.add_incoming(value, latch)
            merged.append(phi)
        return merged
