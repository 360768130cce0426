"""The actions of a planned step, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from ...native.runtime.library import Kernel
from ...ops.base import Array
from .call import CHUNK_SAMPLES, Action, Argument, Call, PythonWork


class Phase(Enum):
    """The phases of a step; the actions of a phase run in the order in which they were planned."""

    PREPARE = 1
    """Work on weights alone."""
    FORWARD_BACKWARD = 2
    """From the batch to the loss, and back."""
    WEIGHT_GRAD = 3
    """Gradients of weights that only the update reads."""
    MEASURE = 4
    """Checks of the stop condition, which may hold the step."""
    CLIP = 5
    """Work before the update; skipped when the step is held."""
    UPDATE = 6
    """The update; skipped when the step is held."""

    @property
    def skipped_when_held(self) -> bool:
        """Whether a held step skips the phase."""
        return self in (Phase.CLIP, Phase.UPDATE)


class ActionList:
    """Native calls and Python work of a step, by phase.

    Parameters
    ----------
    rows : samples in the batch
    hold_flag : the int64 word that a check sets to hold the step; see `add_check`

    Attributes
    ----------
    checks : functions that raise the error of a held step; see `add_check`
    """

    def __init__(self, rows: int, hold_flag: Array) -> None:
        self.checks: list[Callable[[], object]] = []
        self._rows = rows
        self._hold_flag = hold_flag
        self._phases: dict[Phase, list[Action]] = {phase: [] for phase in Phase}

    @property
    def before_hold_point(self) -> list[Action]:
        """The actions up to the gradients and the checks of the stop condition."""
        return self._select(skipped_when_held=False)

    @property
    def after_hold_point(self) -> list[Action]:
        """The actions that a held step skips: clipping and updates."""
        return self._select(skipped_when_held=True)

    @property
    def all(self) -> list[Action]:
        """All actions."""
        return [*self.before_hold_point, *self.after_hold_point]

    @property
    def has_updates(self) -> bool:
        """Whether an action of the update phase has been added."""
        return bool(self._phases[Phase.UPDATE])

    def call(
        self,
        kernel: Kernel,
        *arguments: Argument,
        total: int,
        granule: int = 1,
        phase: Phase = Phase.FORWARD_BACKWARD,
        barrier_before: bool = True,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        """Add a native call that threads may share; see `Call`."""
        call = Call(kernel, arguments, total, granule, barrier_before=barrier_before, share=share)
        self._add(call, phase)

    def call_per_sample(self, kernel: Kernel, *arguments: Argument) -> None:
        """Add a native call whose result for a sample depends on that sample alone."""
        call = Call(kernel, arguments, self._rows, chunk=CHUNK_SAMPLES)
        self._add(call, Phase.FORWARD_BACKWARD)

    def call_per_block(self, kernel: Kernel, *arguments: Argument, total: int) -> None:
        """Add a native call of the update for each of the ``total`` blocks of a parameter."""
        chunk, barrier_before = self.blocks_per_chunk, not self.has_updates
        call = Call(kernel, arguments, total, chunk=chunk, barrier_before=barrier_before)
        self._add(call, Phase.UPDATE)

    @property
    def blocks_per_chunk(self) -> int:
        """The number of blocks of a parameter processed together; see `updates.BLOCK_ROWS`."""
        return 3 if self._rows >= 16 else 1

    def call_once(
        self, kernel: Kernel, *arguments: Argument, phase: Phase = Phase.FORWARD_BACKWARD
    ) -> None:
        """Add a native call that one thread makes."""
        self._add(Call(kernel, arguments, None, barrier_before=phase is not Phase.PREPARE), phase)

    def add_check(
        self, kernel: Kernel, *arguments: Argument, raise_error: Callable[[], object]
    ) -> None:
        """Add a native check of computed values, which holds the step if it fails.

        Parameters
        ----------
        kernel : sets the hold flag, its last argument, if the check fails
        raise_error : raises the error that belongs to the check
        """
        self.call_once(kernel, *arguments, self._hold_flag)
        self.checks.append(raise_error)

    def run_python(self, work: PythonWork, phase: Phase = Phase.FORWARD_BACKWARD) -> None:
        """Add work done in Python."""
        self._add(work, phase)

    def _add(self, action: Action, phase: Phase) -> None:
        self._phases[phase].append(action)

    def _select(self, skipped_when_held: bool) -> list[Action]:
        return [
            action
            for phase, actions in self._phases.items()
            if phase.skipped_when_held == skipped_when_held
            for action in actions
        ]
