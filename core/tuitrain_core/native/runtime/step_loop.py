"""The loop over recorded steps: run a table of kernels, move its addresses, meet other threads."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from llvmlite import ir

from ..ir.builder import CACHE_LINE_BYTES, INT32, INT64, Builder, Value
from ..ir.host import is_x86
from .call_layout import CALL_ROW, POINTER_ROW, RUN
from .library import Kernel, get_kernel

MAX_SPINS = 2000
"""How often a waiting thread checks before it yields its core: about 40 µs."""


def _sched_yield() -> int:
    """Return the address of the C library's ``sched_yield``; 0 where there is none (Windows)."""
    try:
        return ctypes.cast(ctypes.CDLL(None).sched_yield, ctypes.c_void_p).value or 0
    except (TypeError, AttributeError, OSError):
        return 0


SCHED_YIELD = _sched_yield()
"""Address of the function that yields a core, for `barrier`; 0 if there is none."""


def run_steps() -> Kernel:
    """Return the kernel that runs a recorded step. Arguments: those of `call_layout.RUN`."""
    return get_kernel(_run_steps, len(RUN.names or ()))


def add_strides() -> Kernel:
    """Return the kernel that adds strides to words.

    Arguments: address of rows of `call_layout.POINTER_ROW`; number of rows.
    """
    return get_kernel(_add_strides, 2)


def copy_word() -> Kernel:
    """Return the kernel that copies a word. Arguments: from, to."""
    return get_kernel(_copy_word, 2)


def barrier() -> Kernel:
    """Return the kernel in which threads wait until all of them have arrived.

    Arguments: address of two cache lines of zeros; number of threads; address of ``sched_yield``.
    """
    return get_kernel(_barrier, 3)


def all_kernels() -> list[Kernel]:
    """Return all kernels of this module."""
    return [run_steps(), add_strides(), copy_word(), barrier()]


def _run_steps(k: Builder) -> None:
    argument = dict(zip(RUN.names or (), k.arguments, strict=True))
    table, count, steps = argument["table"], argument["rows"], argument["steps"]
    stop, hold, done = argument["stop_flag"], argument["hold_flag"], argument["steps_taken"]
    hold_point = argument["rows_before_hold_point"]
    entry = ir.FunctionType(ir.VoidType(), [INT64.as_pointer()])

    def call(index: Value) -> None:
        row = _row(k, table, index, CALL_ROW)
        function = k.ir.inttoptr(_field(k, row, CALL_ROW, "kernel"), entry.as_pointer())
        k.ir.call(function, [k.word_pointer(_field(k, row, CALL_ROW, "arguments"))])

    blocks = [k.function.append_basic_block() for _ in range(3)]
    before, (head, update, after) = k.ir.block, blocks
    k.ir.branch(head)
    k.ir.position_at_end(head)
    taken = k.ir.phi(INT64)
    taken.add_incoming(k.constant_int(0), before)
    k.loop(hold_point, lambda i, _: call(i))
    k.ir.cbranch(k.equal(k.load_element(INT64, hold), 0), update, after)
    k.ir.position_at_end(update)
    k.loop(k.sub(count, hold_point), lambda i, _: call(k.add(hold_point, i)))
    following = k.add(taken, 1)
    taken.add_incoming(following, k.ir.block)
    k.store_element(following, done)
    stopped = k.ir.icmp_signed("!=", k.load_element(INT64, stop), k.constant_int(0))
    next_step = k.ir.and_(k.less(following, steps), k.ir.not_(stopped))
    k.ir.cbranch(next_step, head, after)
    k.ir.position_at_end(after)


def _add_strides(k: Builder) -> None:
    table, count = k.arguments

    def move(i: Value, _: list[Value]) -> None:
        row = _row(k, table, i, POINTER_ROW)
        word = _field(k, row, POINTER_ROW, "word")
        value = k.load_element(INT64, word)
        k.store_element(k.add(value, _field(k, row, POINTER_ROW, "stride")), word)

    k.loop(count, move)


def _copy_word(k: Builder) -> None:
    source, target = k.arguments
    k.store_element(k.load_element(INT64, source), target)


def _barrier(k: Builder) -> None:
    address, threads, sched_yield = k.arguments
    count, generation = k.word_pointer(address), k.word_pointer(k.add(address, CACHE_LINE_BYTES))
    present = k.ir.load_atomic(generation, "acquire", 8)
    before = k.ir.atomic_rmw("add", count, k.constant_int(1), "acq_rel")
    last, wait, spin, out = (k.function.append_basic_block() for _ in range(4))
    arrived = k.ir.block
    k.ir.cbranch(k.equal(before, k.sub(threads, 1)), last, wait)

    k.ir.position_at_end(last)
    k.ir.store_atomic(k.constant_int(0), count, "monotonic", 8)
    k.ir.store_atomic(k.add(present, 1), generation, "release", 8)
    k.ir.branch(out)

    k.ir.position_at_end(wait)
    spins = k.ir.phi(INT64)
    spins.add_incoming(k.constant_int(0), arrived)
    waiting = k.equal(k.ir.load_atomic(generation, "acquire", 8), present)
    k.ir.cbranch(waiting, spin, out)

    k.ir.position_at_end(spin)
    with k.ir.if_then(k.less(MAX_SPINS, spins)):
        kind = ir.FunctionType(INT32, [])
        k.ir.call(k.ir.inttoptr(sched_yield, kind.as_pointer()), [])
    _pause(k)
    spins.add_incoming(k.add(spins, 1), k.ir.block)
    k.ir.branch(wait)
    k.ir.position_at_end(out)


def _pause(k: Builder) -> None:
    """Emit the processor's hint for a spin loop, where it has one."""
    if is_x86():
        kind = ir.FunctionType(ir.VoidType(), [])
        k.ir.call(ir.Function(k.module, kind, "llvm.x86.sse2.pause"), [])


def _row(k: Builder, table: Value, index: Value, layout: np.dtype[Any]) -> Value:
    """Return the address of a row in a table."""
    return k.add(table, k.mul(index, layout.itemsize))


def _field(k: Builder, row: Value, layout: np.dtype[Any], name: str) -> Value:
    """Return a field of a row, whose fields are all int64."""
    return k.load_element(INT64, row, (layout.names or ()).index(name))
