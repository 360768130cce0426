"""The state of the current random generator, in the layout that native kernels read."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import random
from ...errors import CoreError
from ...native.runtime import philox
from ...ops.base import Array

_WORDS_PER_BLOCK = 4
"""64-bit words in a block of the generator's output."""


def load_state(state: Array) -> None:
    """Write the state of the current generator to memory; see `philox.STATE_SIZE`.

    Raises
    ------
    CoreError : it is not a Philox generator
    """
    generator = _generator_state()
    inner, pending = generator["state"], int(generator["has_uint32"])
    position = 2 * int(generator["buffer_pos"]) - pending
    state[:2], state[2:6] = inner["key"], inner["counter"]
    state[6:] = position, pending, generator["uinteger"]


def advance(count: int) -> None:
    """Advance the current generator by ``count`` floats of 32 bits."""
    bits = random.generator().bit_generator
    state = _generator_state()
    end = 2 * int(state["buffer_pos"]) - int(state["has_uint32"]) + count
    block, last = divmod(end - 1, philox.WORDS_PER_BLOCK)
    if block > 0 and count > philox.WORDS_PER_BLOCK:
        # Skip to the block of the last word, which NumPy then draws.
        state["state"]["counter"] = _add_to_counter(state["state"]["counter"], block - 1)
        bits.state = {**state, "buffer_pos": _WORDS_PER_BLOCK, "has_uint32": 0}
        count = last + 1
    random.generator().random(count, dtype=np.float32)


def _generator_state() -> dict[str, Any]:
    state: dict[str, Any] = dict(random.generator().bit_generator.state)
    if state["bit_generator"] != "Philox":
        raise CoreError(
            "a recorded step draws from a Philox generator, as `random.make_generator` makes it, "
            f"not from {state['bit_generator']}"
        )
    return state


def _add_to_counter(counter: Array, delta: int) -> Array:
    """Return a counter, 256 bits as four words with the lowest first, increased by ``delta``."""
    number = sum(int(word) << 64 * place for place, word in enumerate(counter)) + delta
    return np.array([number >> 64 * place & (1 << 64) - 1 for place in range(4)], np.uint64)
