"""The stream: the current random generator, as the kernels of a recorded step read it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import random
from ...errors import CoreError
from ...native.runtime import philox
from ...ops.base import Array

_HALVES = 4
"""Numbers of 64 bits in a block."""


def load_state(state: Array) -> None:
    """Write to memory where the current generator stands; see `philox.STATE`.

    Raises
    ------
    CoreError : it is no Philox generator
    """
    given = _state()
    inner, pending = given["state"], int(given["has_uint32"])
    position = 2 * int(given["buffer_pos"]) - pending
    state[:2], state[2:6] = inner["key"], inner["counter"]
    state[6:] = position, pending, given["uinteger"]


def advance(count: int) -> None:
    """Let the current generator stand where it would be after ``count`` floats of 32 bits."""
    bits = random.generator().bit_generator
    given = _state()
    end = 2 * int(given["buffer_pos"]) - int(given["has_uint32"]) + count
    block, last = divmod(end - 1, philox.WORDS_PER_BLOCK)
    if block > 0 and count > philox.WORDS_PER_BLOCK:
        # To the start of the block of the last word, which is then drawn as NumPy does it.
        given["state"]["counter"] = _moved(given["state"]["counter"], block - 1)
        bits.state = {**given, "buffer_pos": _HALVES, "has_uint32": 0}
        count = last + 1
    random.generator().random(count, dtype=np.float32)


def _state() -> dict[str, Any]:
    given: dict[str, Any] = dict(random.generator().bit_generator.state)
    if given["bit_generator"] != "Philox":
        raise CoreError(
            "a recorded step draws from a Philox generator, as `random.new_generator` makes it, "
            f"not from {given['bit_generator']}"
        )
    return given


def _moved(counter: Array, by: int) -> Array:
    """Return a counter, a number of 256 bits with the lowest first, so many further on."""
    number = sum(int(part) << 64 * place for place, part in enumerate(counter)) + by
    return np.array([number >> 64 * place & (1 << 64) - 1 for place in range(4)], np.uint64)
