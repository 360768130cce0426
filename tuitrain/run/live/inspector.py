"""Seeing: the close look that somebody takes at the run, for as long as they take it.

It is taken on the training thread, at a boundary, and paced so that training keeps nineteen
twentieths of the time. Nothing of it is in a record or a state, and nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from tuitrain.engines.closeups import (
    NetworkView,
    See,
    SeeBatch,
    Seen,
    SeeNetwork,
    SeeWeights,
    Unseen,
)
from tuitrain.engines.views import LayerUnits

from ..session import Session
from ..snapshot import Phase
from .parameter_sampler import ParameterSampler

MIN_TRAINING_RATIO: Final = 19
"""Training has at least so many times as long as the look before it took."""

WEIGHTS_SECONDS: Final = 0.25
NETWORK_SECONDS: Final = 0.5
BATCH_SECONDS: Final = 1.0
UNITS_SECONDS: Final = 1.0
"""How often each is looked at, at most, while the run goes on."""


class ThrottledCall:
    """Something that is looked at again when its time has come."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._key: Any = None
        self._due = 0.0
        self._found: Any = None

    def get(self, key: Any, look: Callable[[], Any]) -> Any:
        """Return what was found, after looking again if it is time or something else is asked."""
        began = self._clock()
        if key != self._key or began >= self._due:
            self._key, self._found = key, look()
            ended = self._clock()
            self._due = ended + max(self._seconds, MIN_TRAINING_RATIO * (ended - began))
        return self._found


class Inspector:
    """Answers what somebody asks to see of a session.

    Parameters
    ----------
    clock : seconds that only grow
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._weights = ThrottledCall(clock, WEIGHTS_SECONDS)
        self._network = ThrottledCall(clock, NETWORK_SECONDS)
        self._batch = ThrottledCall(clock, BATCH_SECONDS)
        self._units = ThrottledCall(clock, UNITS_SECONDS)
        self._sampler = ParameterSampler()
        self._moment: tuple[int, int] | None = None

    def inspect(self, session: Session, asked: See | None) -> Seen | None:
        """Return what is asked for; None if nothing is. Called at boundaries only.

        Whatever goes wrong in it is told: a look must not end the run.
        """
        self._sampler.follow(session.timeline.line, session.step)
        if asked is None:
            return None
        # A run that stands comes here only when something was asked or decided: it is seen anew.
        standing = session.phase is not Phase.RUNNING
        self._moment = (session.step, len(session.journal.entries())) if standing else None
        match asked:
            case SeeWeights():
                paced, look = self._weights, lambda: self._see_weights(session, asked)
            case SeeNetwork():
                paced, look = self._network, lambda: self._see_network(session)
            case SeeBatch():
                paced, look = self._batch, lambda: session.engine.examine(asked)

        def safely() -> Seen:
            try:
                return look()
            except Exception as error:  # the user's own model may raise anything
                return Unseen(asked, session.step, f"{type(error).__name__}: {error}")

        return paced.get((asked, self._moment), safely)

    def _see_weights(self, session: Session, asked: SeeWeights) -> Seen:
        view = self._sampler.sample(session.engine, session.timeline.line, asked)
        if view is None:
            return Unseen(asked, session.step, f"there is no parameter {asked.parameter!r}")
        layer = view.name.rpartition(".")[0]
        units = self._count_units(session)
        mine = [each for each in units if each.parameter.rpartition(".")[0] == layer]
        return replace(view, units=mine[0] if mine else None)

    def _see_network(self, session: Session) -> NetworkView:
        return replace(session.engine.network(), units=self._count_units(session))

    def _count_units(self, session: Session) -> tuple[LayerUnits, ...]:
        return self._units.get(self._moment, lambda: tuple(session.engine.dead_units()))
