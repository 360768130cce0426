"""The plan of a step: what is to be called, in order, for a batch of one size."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

import numpy as np

from ...native.elementwise import arithmetic
from ...native.runtime import philox
from ...native.runtime.library import Kernel
from ...ops.base import Array
from ...tensor import Tensor
from ..graph import Graph, Value
from . import memory
from .call import (
    CHUNK_SAMPLES,
    MAX_THREADS,
    Argument,
    Call,
    PythonWork,
    ScratchRing,
    StridedPointer,
)


class Phase(Enum):
    """When in a step something is done; within a phase, in the order in which it was planned."""

    PREPARE = 1
    """What needs weights only."""
    FORWARD_BACKWARD = 2
    """From the batch to the loss, and back."""
    WEIGHT_GRAD = 3
    """The gradients of weights, which nothing waits for but the update."""
    MEASURE = 4
    """What decides whether the step is held."""
    CLIP = 5
    """What an update wants done before; nothing of it is done in a step that is held."""
    UPDATE = 6

    @property
    def skipped_when_held(self) -> bool:
        """Whether this is done only if the step is not held."""
        return self in (Phase.CLIP, Phase.UPDATE)


BlockwiseGradient: TypeAlias = Callable[[int, ScratchRing, int], None]
"""Plans a matrix's gradient: rows of a block, the memory of one block, how many there are."""


Action: TypeAlias = Call | PythonWork


@dataclass(frozen=True, slots=True, eq=False)
class DeferredUpdate:
    """An update that a step makes for the one before.

    Attributes
    ----------
    rule : its name; see `native.update_rules`
    slots : what the optimizer remembers of the parameter
    scalars : where the rule's are
    """

    rule: str
    slots: Sequence[Array]
    scalars: StridedPointer


@dataclass(slots=True)
class Plan:
    """What a step does, for one size of batch and one choice of what is trained.

    Attributes
    ----------
    rows : samples in the batch
    trained : the parameters that get a gradient
    losses : where the step's loss goes as a double, besides its own memory
    by_blocks : parameters whose updates can take the gradient block by block, so that it need not
        be there after the step
    carries : parameters whose updates can be carried over to the next step; see `series`
    owed : the updates that the step before has carried over
    drawn : how many random words the step takes
    checks : raise what is wrong with a step that was held for it
    """

    graph: Graph
    workspace: memory.Workspace
    rows: int
    trained: Sequence[Tensor]
    losses: StridedPointer = field(default_factory=lambda: StridedPointer(8))
    by_blocks: Collection[Value] = ()
    carries: Collection[Value] = ()
    owed: Mapping[Value, DeferredUpdate] = field(default_factory=dict)
    drawn: int = 0
    checks: list[Callable[[], object]] = field(default_factory=list)
    _planned: dict[Phase, list[Action]] = field(default_factory=dict)
    _reached: set[Value] = field(default_factory=set)
    _begun: set[Value] = field(default_factory=set)
    _carried: set[Value] = field(default_factory=set)
    _blockwise: dict[Value, BlockwiseGradient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._reached = self.graph.values_depending_on(self.trained)

    @property
    def actions(self) -> list[Action]:
        """Native calls and Python work up to the gradients, in the order in which they are done."""
        return self._actions(*[phase for phase in Phase if not phase.skipped_when_held])

    @property
    def later(self) -> list[Action]:
        """What comes behind the gradients, if the step is not held."""
        return self._actions(*[phase for phase in Phase if phase.skipped_when_held])

    @property
    def native(self) -> bool:
        """Whether all of it has kernels."""
        return all(isinstance(each, Call) for each in (*self.actions, *self.later))

    def _actions(self, *phases: Phase) -> list[Action]:
        return [each for phase in phases for each in self._planned.get(phase, [])]

    def call(
        self,
        kernel: Kernel,
        *arguments: Argument,
        total: int,
        granule: int = 1,
        phase: Phase = Phase.FORWARD_BACKWARD,
        waits: bool = True,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        """Plan a native call that threads may share; see `Call`."""
        self._add(Call(kernel, arguments, total, granule, barrier_before=waits, share=share), phase)

    def each_sample(self, kernel: Kernel, *arguments: Argument) -> None:
        """Plan a native call that does for each sample what depends on that sample alone."""
        self._add(Call(kernel, arguments, self.rows, chunk=CHUNK_SAMPLES), Phase.FORWARD_BACKWARD)

    def each_block(self, kernel: Kernel, *arguments: Argument, total: int) -> None:
        """Plan a native call for each block of a parameter, of which there are ``total``."""
        together, waits = self.blocks_together, not self.updating
        call = Call(kernel, arguments, total, chunk=together, barrier_before=waits)
        self._add(call, Phase.UPDATE)

    @property
    def updating(self) -> bool:
        """Whether an update has been planned."""
        return Phase.UPDATE in self._planned

    @property
    def blocks_together(self) -> int:
        """How many blocks of a parameter are taken together: see `updates.ROWS`."""
        return 3 if self.rows >= 16 else 1

    def whole(
        self, kernel: Kernel, *arguments: Argument, phase: Phase = Phase.FORWARD_BACKWARD
    ) -> None:
        """Plan a native call that one thread makes."""
        self._add(Call(kernel, arguments, None, barrier_before=phase is not Phase.PREPARE), phase)

    @property
    def held(self) -> Array:
        """The word that a call writes to which holds the step; 0 in one that is not held."""
        return self.scratch("held", (8,), np.int64)[:1]

    def check(self, kernel: Kernel, *arguments: Argument, why: Callable[[], object]) -> None:
        """Plan a check of what is computed: given `held` as its last argument, it holds the step.

        ``why`` raises the error then.
        """
        self.whole(kernel, *arguments, self.held)
        self.checks.append(why)

    def work(self, function: PythonWork, phase: Phase = Phase.FORWARD_BACKWARD) -> None:
        """Plan work done in Python."""
        self._add(function, phase)

    def _add(self, action: Action, phase: Phase) -> None:
        self._planned.setdefault(phase, []).append(action)

    def needs(self, value: Value) -> bool:
        """Say whether a gradient of this value is wanted."""
        return value in self._reached

    def differentiable(self, value: Value) -> bool:
        """Say whether a value's gradient is wanted, and something has written to it."""
        return self.needs(value) and value in self._begun

    def value(self, value: Value) -> Array:
        """Return a value's memory, as it lies."""
        if value.tensor is not None:
            return value.tensor.numpy()
        return self.workspace.value_array(value, "value", self.rows)

    def public(self, value: Value) -> Array:
        """Return a view of a value in the shape that users know."""
        return memory.public_view(self.value(value), value)

    def gradient(self, value: Value) -> Array:
        """Return the memory of a value's gradient, as it lies."""
        return self.workspace.value_array(value, "gradient", self.rows)

    def scratch(self, key: Hashable, shape: tuple[int, ...], dtype: Any = np.float32) -> Array:
        """Return memory for whatever a layer needs besides."""
        return self.workspace.array(key, shape, dtype)

    def carry_over(self, value: Value) -> bool:
        """Leave a parameter's gradient and update to the next step, if that can be.

        What the gradient is made of must still be there then.
        """
        if value not in self.carries or len(self.graph.consumers(value)) > 1:
            return False
        self._carried.add(value)
        return True

    @property
    def carried(self) -> Collection[Value]:
        """The parameters whose updates are carried over."""
        return self._carried

    def put_off(self, value: Value, gradient: BlockwiseGradient) -> bool:
        """Leave a parameter's gradient to its update, block by block, if that can be.

        Then nobody writes all of it to memory, and reads it again.
        """
        if value not in self.by_blocks or len(self.graph.consumers(value)) > 1:
            return False
        self._blockwise[value] = gradient
        return True

    def blockwise(self, value: Value) -> BlockwiseGradient | None:
        """Return how to compute a gradient that was put off; None if it is in memory."""
        return self._blockwise.get(value)

    def stream(self) -> Array:
        """Return the memory that says where the random generator stands; see `philox.STATE`."""
        return self.scratch("stream", (philox.STATE_SIZE,), np.uint64)

    def draw(self, key: Hashable, count: int) -> Array:
        """Plan the drawing of so many random words for the batch, and return where they go."""
        words = self.drawn_for(key, count)
        total = philox.block_count(count)
        given = self.stream(), words, self.drawn
        self.call(philox.draw(), *given, total=total, granule=16, phase=Phase.PREPARE)
        self.drawn += count
        return words

    def drawn_for(self, key: Hashable, count: int) -> Array:
        """Return the memory of random words; a block's others have room before and behind."""
        size = self.workspace.capacity * count // self.rows + 3 * philox.WORDS_PER_BLOCK
        return self.scratch((key, "words"), (size,), np.uint32)[philox.WORDS_PER_BLOCK :]

    def draw_no_more(self) -> None:
        """Plan that the generator moves on behind what the step has drawn."""
        if self.drawn:
            self.whole(philox.advance(), self.stream(), self.drawn, phase=Phase.UPDATE)

    def ring(self, key: Hashable, shape: tuple[int, ...]) -> ScratchRing:
        """Return memory for one chunk of samples; ``shape`` is one sample's."""
        return ScratchRing(self.workspace.array(key, (MAX_THREADS, CHUNK_SAMPLES, *shape)))

    @contextmanager
    def into(self, value: Value, phase: Phase = Phase.FORWARD_BACKWARD) -> Iterator[Array]:
        """Give the memory to which a part of a value's gradient is to be written.

        The first part is written to the gradient itself; a later one elsewhere, and then added. All
        parts of one value are planned for one phase.
        """
        target = self.gradient(value)
        if value not in self._begun:
            self._begun.add(value)
            yield target
            return
        part = self.workspace.value_array(value, "part", self.rows)
        yield part
        if target.dtype == np.float32:
            features = math.prod(memory.memory_shape(value))
            rows, gap = (len(target), memory.row_stride(target)) if value.batched else (1, features)
            self.call(arithmetic.accumulate(features, gap), target, part, total=rows, phase=phase)
        else:
            self.work(lambda: _add_up(target, part), phase)


def _add_up(target: Array, part: Array) -> None:
    target += part
