# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Holding a step before its update, with the state as it was before the step."""

from __future__ import annotations

from collections.abc import Callable

from ..buffers import Captured, MutableState


class StepHold:
    """Puts back, while a step is held, what its forward pass has changed.

    Parameters
    ----------
    mutable : what a forward pass changes
    """

    def __init__(self, mutable: MutableState) -> None:
        self._mutable = mutable
        self._begun: Captured | None = None

    def begin(self) -> None:
        """Note the state before a step that may be held."""
        self._begun = self._mutable.capture()

    def forget(self) -> None:
        """Forget the state before the present step."""
        self._begun = None

    def wait(self, give_back: Callable[[], None], has_jumped: Callable[[], bool]) -> None:
        """Hold the step.

        Parameters
        ----------
        give_back : gives the turn back, and returns with the next one
        has_jumped : whether the run is at another step then, which has a state of its own
        """
        mutable = self._mutable
        after = mutable.capture()
        if self._begun is not None:
            mutable.restore(self._begun)
        mutable.random.leave()
        give_back()
        mutable.random.enter()
        if not has_jumped():
            mutable.restore(after)
