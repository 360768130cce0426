"""Random words of NumPy's Philox generator, computed at any position.

Philox 4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) turns a counter
into four words of 64 bits, which NumPy returns as eight of 32, lower halves first. So a thread that
needs a part of a draw computes that part alone.
"""

from __future__ import annotations

from llvmlite import ir

from ..ir.builder import INT32, INT64, WORD_BYTES, Builder, Int, Value
from .library import Kernel, get_kernel

WORDS_PER_BLOCK = 8
"""Words of 32 bits computed from one counter."""

STATE_SIZE = 9
"""Numbers of 64 bits in a generator's state.

Key (2); counter (4); words drawn since the counter's block, without the buffered word; whether a
word is buffered; the buffered word. NumPy draws the buffered word next. It may be older than the
block, since numbers of 64 bits may have been drawn in between.
"""

_POSITION, _HAS_BUFFERED, _BUFFERED = 6, 7, 8
# The constants of the paper.
_ROUNDS = 10
_MULTIPLIERS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
_WEYL = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B


def block_count(count: int) -> int:
    """Return the number of blocks that hold ``count`` words, wherever in a block they start."""
    return -(-(count + WORDS_PER_BLOCK - 1) // WORDS_PER_BLOCK)


def draw() -> Kernel:
    """Return the kernel that writes the words from position ``offset`` on.

    It writes whole blocks: up to 7 words before the first one, and up to 16 after the last one.

    Arguments: state, address of the first word, offset, first, last (blocks).
    """
    return get_kernel(_draw, 5)


def advance() -> Kernel:
    """Return the kernel that advances a state past drawn words. Arguments: state, count."""
    return get_kernel(_advance, 2)


def _draw(k: Builder) -> None:
    state, words, offset, first, last = k.arguments
    key, counter = (
        [k.load_element(INT64, state, i) for i in fields]
        for fields in (range(2), range(2, _POSITION))
    )
    position = k.add(k.load_element(INT64, state, _POSITION), offset)
    start = k.sub(words, k.mul(k.rem(position, WORDS_PER_BLOCK), 4))
    base = k.div(position, WORDS_PER_BLOCK)

    def unrolled(number: Int, count: int) -> None:
        for i in range(count):
            index = k.add(number, i)
            values = _philox(k, key, _add_256(k, counter, k.add(base, index)))
            block = k.add(start, k.mul(index, 4 * WORDS_PER_BLOCK))
            for position, value in enumerate(values):
                pointer = k.word_pointer(k.add(block, WORD_BYTES * position))
                k.ir.store(value, pointer, align=4)

    k.tiles(first, last, (2, 1), unrolled)
    at_start = k.ir.icmp_signed("==", k.ir.or_(offset, first), k.constant_int(0))
    flag = k.load_element(INT64, state, _HAS_BUFFERED)
    has_buffered = k.ir.icmp_signed("!=", flag, k.constant_int(0))

    def put_buffered() -> None:
        word = k.ir.trunc(k.load_element(INT64, state, _BUFFERED), INT32)
        k.store_element(word, words)

    k.if_then(k.ir.and_(k.ir.and_(at_start, has_buffered), k.less(first, last)), put_buffered)


def _advance(k: Builder) -> None:
    state, count = k.arguments
    position = k.add(k.load_element(INT64, state, _POSITION), count)
    k.store_element(position, state, _POSITION)
    k.store_element(k.constant_int(0), state, _HAS_BUFFERED)


def _add_256(k: Builder, counter: list[Value], delta: Value) -> list[Value]:
    """Return counter + delta, where counter is a number of 256 bits in four words."""
    result = []
    for part in counter:
        total = k.ir.add(part, delta)
        result.append(total)
        delta = k.ir.zext(k.ir.icmp_unsigned("<", total, delta), INT64)
    return result


def _philox(k: Builder, key: list[Value], counter: list[Value]) -> list[Value]:
    """Return the four words of 64 bits of a counter."""
    a, b, c, d = counter
    low, high = key
    for _ in range(_ROUNDS):
        (over, rest), (other_over, other_rest) = (
            _product(k, value, factor) for value, factor in zip((a, c), _MULTIPLIERS, strict=True)
        )
        a, b = k.ir.xor(k.ir.xor(other_over, b), low), other_rest
        c, d = k.ir.xor(k.ir.xor(over, d), high), rest
        low, high = (
            k.ir.add(part, ir.Constant(INT64, step))
            for part, step in zip((low, high), _WEYL, strict=True)
        )
    return [a, b, c, d]


def _product(k: Builder, value: Value, factor: int) -> tuple[Value, Value]:
    """Return the upper and lower half of a product of two 64-bit numbers."""
    wide = ir.IntType(128)
    product = k.ir.mul(k.ir.zext(value, wide), ir.Constant(wide, factor))
    upper = k.ir.trunc(k.ir.lshr(product, ir.Constant(wide, 64)), INT64)
    return upper, k.ir.trunc(product, INT64)
