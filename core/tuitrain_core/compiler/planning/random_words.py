"""The random words of a planned step, drawn from the current generator."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from ...native.runtime import philox
from ...ops.base import Array
from .actions import ActionList, Phase
from .memory import StepMemory


class RandomWords:
    """The random words that a step draws for its batch.

    Parameters
    ----------
    memory, actions : of the plan

    Attributes
    ----------
    drawn : how many words the step draws
    """

    def __init__(self, memory: StepMemory, actions: ActionList) -> None:
        self.drawn = 0
        self._memory = memory
        self._actions = actions

    @property
    def state(self) -> Array:
        """The memory of the generator's state; see `philox.STATE_SIZE`."""
        return self._memory.scratch("stream", (philox.STATE_SIZE,), np.uint64)

    def draw(self, key: Hashable, count: int) -> Array:
        """Plan the drawing of ``count`` words for the batch, and return their memory."""
        words = self.words(key, count)
        total = philox.block_count(count)
        arguments = self.state, words, self.drawn
        self._actions.call(philox.draw(), *arguments, total=total, granule=16, phase=Phase.PREPARE)
        self.drawn += count
        return words

    def words(self, key: Hashable, count: int) -> Array:
        """Return the memory of words that were drawn; a block has room before and after them."""
        size = self._memory.capacity * count // self._memory.rows + 3 * philox.WORDS_PER_BLOCK
        return self._memory.scratch((key, "words"), (size,), np.uint32)[philox.WORDS_PER_BLOCK :]

    def plan_advance(self) -> None:
        """Plan that the update phase advances the generator past the drawn words."""
        if self.drawn:
            arguments = self.state, self.drawn
            self._actions.call_once(philox.advance(), *arguments, phase=Phase.UPDATE)
