"""Inspections of a live run, made for as long as viewers request them.

They are made on the run's thread, at a boundary, at intervals that leave 95 % of the time to the
training. They are not part of records or states, and no decision depends on them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Final, Generic, TypeVar

from tuitrain.engines.capabilities import Capabilities, Capability
from tuitrain.engines.inspection import (
    FailedInspection,
    InspectBatch,
    Inspection,
    InspectionRequest,
    InspectNetwork,
    InspectWeights,
    NetworkView,
)
from tuitrain.engines.views import LayerUnits
from tuitrain.errors import RefusedError, describe_error

from ..session import Session
from ..snapshot import Phase
from .parameter_sampler import ParameterSampler
from .shared_answers import SharedAnswers

MIN_TRAINING_RATIO: Final = 19
"""The training gets at least this many times the duration of an inspection before the next one."""

MAX_DEBT_SECONDS: Final = 1.0
"""Seconds of training by which inspections of new requests may be ahead of that ratio: one viewer
that moves from layer to layer is answered at once, many viewers that do so are not."""

WEIGHTS_SECONDS: Final = 0.25
NETWORK_SECONDS: Final = 0.5
BATCH_SECONDS: Final = 1.0
UNITS_SECONDS: Final = 1.0
"""Minimum seconds between two inspections of a kind during training."""

_Result = TypeVar("_Result")


class ThrottledCall(Generic[_Result]):
    """Caches the result of a call, and repeats the call after an interval.

    Parameters
    ----------
    clock : returns a monotonic time in seconds
    seconds : minimum interval between two calls with the same key
    """

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._due = 0.0
        self._kept: tuple[Hashable, _Result] | None = None

    def get(self, key: Hashable, call: Callable[[], _Result]) -> _Result:
        """Return the cached result; call again if the key differs or the interval has passed."""
        start = self._clock()
        if self._kept is None or self._kept[0] != key or start >= self._due:
            self._kept = key, call()
            end = self._clock()
            self._due = end + max(self._seconds, MIN_TRAINING_RATIO * (end - start))
        return self._kept[1]


class Inspector:
    """Makes the inspections that viewers request of a session.

    Equal requests are answered once, and all inspections together take the share of one.

    Parameters
    ----------
    clock : returns a monotonic time in seconds
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._answers = SharedAnswers[InspectionRequest, Inspection](
            clock, MIN_TRAINING_RATIO, MAX_DEBT_SECONDS
        )
        self._units = ThrottledCall[tuple[LayerUnits, ...]](clock, UNITS_SECONDS)
        self._sampler = ParameterSampler()
        self._moment: tuple[int, int] | None = None

    def inspect(self, session: Session, request: InspectionRequest | None) -> Inspection | None:
        """Return one requested inspection, or None; see `update`."""
        self.update(session, [] if request is None else [request])
        return None if request is None else self.answer(request)

    def update(self, session: Session, requests: Sequence[InspectionRequest]) -> None:
        """Make the inspections that are due; call it only at boundaries.

        An error becomes a `FailedInspection` and does not end the run.

        Parameters
        ----------
        requests : those of all viewers, in the order in which new ones are answered
        """
        self._sampler.follow(session.timeline.branch, session.step)
        names = [request.parameter for request in requests if isinstance(request, InspectWeights)]
        self._sampler.keep(names)
        # A paused run visits a boundary only after a request or a command: inspect it again.
        is_paused = session.phase is not Phase.RUNNING
        self._moment = (session.step, len(session.journal)) if is_paused else None
        self._answers.update(
            requests,
            lambda request: self._inspect(session, request),
            _seconds,
            self._moment,
            is_paused,
        )

    def answer(self, request: InspectionRequest) -> Inspection | None:
        """Return the newest answer to a present request; None if there is none yet."""
        return self._answers.get(request)

    def _inspect(self, session: Session, request: InspectionRequest) -> Inspection:
        if reason := _missing_for(request, session.engine.capabilities):
            return FailedInspection(request, session.step, reason)
        try:
            match request:
                case InspectWeights():
                    return self._inspect_weights(session, request)
                case InspectNetwork():
                    return self._inspect_network(session)
                case InspectBatch():
                    return session.engine.inspect_batch(request)
        except RefusedError as error:
            return FailedInspection(request, session.step, str(error))
        except Exception as error:  # the user's own model may raise anything
            return FailedInspection(request, session.step, describe_error(error))

    def _inspect_weights(self, session: Session, request: InspectWeights) -> Inspection:
        view = self._sampler.sample(session.engine, session.timeline.branch, request)
        if view is None:
            return FailedInspection(
                request, session.step, f"there is no parameter {request.parameter!r}"
            )
        layer = view.name.rpartition(".")[0]
        units = self._count_units(session)
        of_layer = (entry for entry in units if entry.parameter.rpartition(".")[0] == layer)
        return replace(view, units=next(of_layer, None))

    def _inspect_network(self, session: Session) -> NetworkView:
        view = session.engine.inspect_network()
        if not view.note:
            session.recorder.network(view)
        return replace(view, units=self._count_units(session))

    def _count_units(self, session: Session) -> tuple[LayerUnits, ...]:
        if Capability.DEAD_UNITS not in session.engine.capabilities:
            return ()
        return self._units.get(self._moment, lambda: tuple(session.engine.count_dead_units()))


def _seconds(request: InspectionRequest) -> float:
    """Return the minimum seconds between two inspections."""
    match request:
        case InspectWeights():
            return WEIGHTS_SECONDS
        case InspectNetwork():
            return NETWORK_SECONDS
        case InspectBatch():
            return BATCH_SECONDS


def _missing_for(request: InspectionRequest, capabilities: Capabilities) -> str:
    """Return why an engine cannot answer a request, or ""."""
    match request:
        case InspectWeights():
            return ""
        case InspectNetwork():
            return capabilities.missing(Capability.NETWORK_TREE)
        case InspectBatch():
            return capabilities.missing(Capability.BATCH)
