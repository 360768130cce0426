"""Control of recorded steps: run a table of kernels, move its addresses on, meet other threads."""

from __future__ import annotations

import ctypes
import platform

from llvmlite import ir

from ..ir.builder import INT64, Builder, Value
from .library import Kernel, get_kernel

MAX_SPINS = 2000
"""How often a waiting thread looks before it offers its core to others: some 40 µs."""


def _sched_yield() -> int:
    """Return where the C library's ``sched_yield`` is; 0 where there is none, as on Windows."""
    try:
        return ctypes.cast(ctypes.CDLL(None).sched_yield, ctypes.c_void_p).value or 0
    except (TypeError, AttributeError, OSError):
        return 0


SCHED_YIELD = _sched_yield()
"""What offers it, for `barrier`; 0 where there is nothing that does."""


def run_steps() -> Kernel:
    """Return the kernel that runs a recorded program.

    Arguments: table of (kernel, argument block) address pairs; number of pairs; steps, 1 or more;
    address of a word that ends the run after the present step unless it is 0; address of the word
    that counts the steps taken; number of the pairs that come before a step is decided on; address
    of a word that ends the run there, the step not counted, unless it is 0.
    """
    return get_kernel(_execute, 7)


def add_strides() -> Kernel:
    """Return the kernel that adds a stride to each of some words.

    Arguments: table of (address of the word, stride in bytes) pairs; number of pairs.
    """
    return get_kernel(_advance, 2)


def copy_word() -> Kernel:
    """Return the kernel that copies a word. Arguments: from, to."""
    return get_kernel(_copy_word, 2)


def barrier() -> Kernel:
    """Return the kernel in which threads wait until all of them have come.

    Arguments: address of two cache lines of zeros; number of threads; address of ``sched_yield``.
    """
    return get_kernel(_barrier, 3)


def all_kernels() -> list[Kernel]:
    """Return all of them."""
    return [run_steps(), add_strides(), copy_word(), barrier()]


def _execute(k: Builder) -> None:
    table, count, steps, stop, done, undecided, held = k.arguments
    entry = ir.FunctionType(ir.VoidType(), [INT64.as_pointer()])

    def call(place: Value) -> None:
        row = k.add(table, k.mul(place, 16))
        function = k.ir.inttoptr(_word(k, row), entry.as_pointer())
        k.ir.call(function, [k.ir.inttoptr(_word(k, k.add(row, 8)), INT64.as_pointer())])

    blocks = [k.function.append_basic_block() for _ in range(3)]
    before, (head, decided, after) = k.ir.block, blocks
    k.ir.branch(head)
    k.ir.position_at_end(head)
    taken = k.ir.phi(INT64)
    taken.add_incoming(k.constant_int(0), before)
    k.loop(undecided, lambda i, _: call(i))
    k.ir.cbranch(k.ir.icmp_signed("==", _word(k, held), k.constant_int(0)), decided, after)
    k.ir.position_at_end(decided)
    k.loop(k.sub(count, undecided), lambda i, _: call(k.add(undecided, i)))
    following = k.add(taken, 1)
    taken.add_incoming(following, k.ir.block)
    _set_word(k, following, done)
    stopped = k.ir.icmp_signed("!=", _word(k, stop), k.constant_int(0))
    go_on = k.ir.and_(k.less(following, steps), k.ir.not_(stopped))
    k.ir.cbranch(go_on, head, after)
    k.ir.position_at_end(after)


def _advance(k: Builder) -> None:
    table, count = k.arguments

    def move(i: Value, _: list[Value]) -> None:
        row = k.add(table, k.mul(i, 16))
        place = _word(k, row)
        _set_word(k, k.add(_word(k, place), _word(k, k.add(row, 8))), place)

    k.loop(count, move)


def _copy_word(k: Builder) -> None:
    source, target = k.arguments
    _set_word(k, _word(k, source), target)


def _barrier(k: Builder) -> None:
    address, threads, give_way = k.arguments
    count, generation = _pointer(k, address), _pointer(k, k.add(address, 64))
    present = k.ir.load_atomic(generation, "acquire", 8)
    before = k.ir.atomic_rmw("add", count, k.constant_int(1), "acq_rel")
    last, wait, patient, out = (k.function.append_basic_block() for _ in range(4))
    arrived = k.ir.block
    k.ir.cbranch(k.ir.icmp_signed("==", before, k.sub(threads, 1)), last, wait)

    k.ir.position_at_end(last)
    k.ir.store_atomic(k.constant_int(0), count, "monotonic", 8)
    k.ir.store_atomic(k.add(present, 1), generation, "release", 8)
    k.ir.branch(out)

    k.ir.position_at_end(wait)
    looks = k.ir.phi(INT64)
    looks.add_incoming(k.constant_int(0), arrived)
    waiting = k.ir.icmp_signed("==", k.ir.load_atomic(generation, "acquire", 8), present)
    k.ir.cbranch(waiting, patient, out)

    k.ir.position_at_end(patient)
    with k.ir.if_then(k.less(MAX_SPINS, looks)):
        kind = ir.FunctionType(ir.IntType(32), [])
        k.ir.call(k.ir.inttoptr(give_way, kind.as_pointer()), [])
    _pause(k)
    looks.add_incoming(k.add(looks, 1), k.ir.block)
    k.ir.branch(wait)
    k.ir.position_at_end(out)


def _pause(k: Builder) -> None:
    """Tell the processor that this is a loop which waits, where it can be told."""
    if platform.machine().lower() in {"x86_64", "amd64"}:
        nothing = ir.FunctionType(ir.VoidType(), [])
        k.ir.call(ir.Function(k.module, nothing, "llvm.x86.sse2.pause"), [])


def _pointer(k: Builder, address: Value) -> Value:
    return k.ir.inttoptr(address, INT64.as_pointer())


def _word(k: Builder, address: Value) -> Value:
    return k.ir.load(_pointer(k, address))


def _set_word(k: Builder, value: Value, address: Value) -> None:
    k.ir.store(value, _pointer(k, address))
