"""The model that is trained, with its random generator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeAlias

from tuitrain_core import random, tape
from tuitrain_core.compiler import AttributeGuard, as_tensors, call_model
from tuitrain_core.data import Inputs
from tuitrain_core.module import Module

from ..networks.structure import Structure
from ..state import Array
from .buffer_owners import BufferOwners
from .network_structure import trace_structure

MutableState: TypeAlias = tuple[Mapping[str, Array], Mapping[str, Any]]
"""The state that a forward pass changes: buffers, and the state of the random generator."""


class SeededModel:
    """A module and the random generator that its initial weights and dropout are drawn from.

    Parameters
    ----------
    make : makes the module; called once, with the generator seeded
    seed : of the generator

    Attributes
    ----------
    parameters : every parameter by name
    """

    def __init__(self, make: Callable[[], Module], seed: int) -> None:
        self.generator = random.make_generator(seed)
        with self.rng_scope():
            self.module = make()
        self.parameters = dict(self.module.named_parameters())

    def rng_scope(self) -> AbstractContextManager[object]:
        """Draw random numbers inside from this generator."""
        return random.scope(self.generator)

    @contextmanager
    def eval_mode(self) -> Generator[None]:
        """Put the module in evaluation mode inside."""
        self.module.eval()
        try:
            yield
        finally:
            self.module.train()

    def outputs(self, inputs: Inputs) -> Array:
        """Return the outputs for inputs, computed in evaluation mode."""
        with self.rng_scope(), tape.paused(), self.eval_mode():
            return call_model(self.module, as_tensors(inputs)).numpy()

    def structure(self, inputs: Inputs) -> Structure:
        """Trace the network's structure on a batch's inputs; its mutable state is restored."""
        before, attributes = self.mutable_state(), AttributeGuard(self.module)
        try:
            with self.rng_scope(), self.eval_mode():
                return trace_structure(self.module, inputs)
        finally:
            attributes.restore()
            self.restore(before)

    def buffers(self) -> dict[str, Array]:
        """Return every buffer by name, as live memory."""
        return {name: item.memory() for name, item in self.module.named_buffers()}

    def mutable_state(self) -> MutableState:
        """Return a copy of what a forward pass changes."""
        buffers = {name: array.copy() for name, array in self.buffers().items()}
        return buffers, self.generator.bit_generator.state

    def restore(self, moving: MutableState) -> None:
        """Restore what a forward pass has changed."""
        buffers, drawn = moving
        for name, array in self.buffers().items():
            array[...] = buffers[name]
        self.generator.bit_generator.state = drawn

    def freeze_norm_stats(self, owners: BufferOwners, frozen: Collection[str]) -> None:
        """Freeze the running statistics of norm layers, and other buffers, with their owners.

        A frozen norm layer normalizes by its running statistics. Buffers of other modules are
        restored after every step; see `Recording.preserve_frozen_buffers`.
        """
        for path, still in owners.held_modules(frozen).items():
            module = owners.modules[path]
            if isinstance(getattr(module, "frozen", False), bool):
                module.frozen = still  # type: ignore[attr-defined]
