"""Answering the requests of viewers: parameters, inspections, previews of the next update."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tuitrain.commands import AnyCommand, to_text

from ..session import Session
from ..snapshot import ParameterView, Phase, UpdatePreview
from .inspector import MAX_DEBT_SECONDS, MIN_TRAINING_RATIO, Inspector
from .mailbox import ViewRequests
from .publisher import NO_VIEWS, Views
from .shared_answers import SharedAnswers

PARAMETER_SECONDS = 0.25
"""Seconds between two descriptions of selected parameters during training, 4 a second as the screen
draws them: one of 200 000 values takes 0.5 ms."""

PREVIEW_RATIO = 1
"""The training gets at least as much time as a preview before the next one."""


class _Turns:
    """The order in which new requests are answered: the viewer answered last comes last."""

    def __init__(self) -> None:
        self._count = 0
        self._served: dict[int, int] = {}

    def order(self, requests: Mapping[int, ViewRequests]) -> list[tuple[int, ViewRequests]]:
        """Return the requests in order."""
        self._served = {viewer: self._served.get(viewer, 0) for viewer in requests}
        return sorted(requests.items(), key=lambda entry: self._served[entry[0]])

    def serve(self, viewers: Iterable[int]) -> None:
        """Note that these viewers have received an answer."""
        for viewer in viewers:
            self._count += 1
            self._served[viewer] = self._count


class LiveInspection:
    """Answers the requests of all viewers, on the run's thread.

    Equal requests are answered once. Viewers take turns where not all can be answered at once.

    Parameters
    ----------
    clock : returns a monotonic time in seconds
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._inspector = Inspector(clock)
        self._parameters = SharedAnswers[str, ParameterView | None](
            clock, MIN_TRAINING_RATIO, MAX_DEBT_SECONDS, PARAMETER_SECONDS
        )
        self._previews = SharedAnswers[str, UpdatePreview](clock, PREVIEW_RATIO, 0.0)
        self._shown: dict[int, UpdatePreview | None] = {}
        self._preview_turns, self._look_turns, self._parameter_turns = _Turns(), _Turns(), _Turns()

    def update_previews(self, session: Session, requests: Mapping[int, ViewRequests]) -> bool:
        """Compute each requested preview once, drop the others; return whether any has changed."""
        commands: dict[str, AnyCommand] = {}
        wanted: dict[int, str] = {}
        for viewer, own in self._preview_turns.order(requests):
            if own.preview is not None:
                wanted[viewer] = to_text(own.preview)
                commands[wanted[viewer]] = own.preview
        if not wanted and not self._shown:
            return False
        self._previews.update(
            commands,
            lambda text: session.preview(commands[text]),
            lambda _: float("inf"),
            is_paused=session.phase is not Phase.RUNNING,
        )
        before = self._shown
        answers = {viewer: self._previews.get(text) for viewer, text in wanted.items()}
        self._shown = {viewer: view for viewer, view in answers.items() if view is not None}
        self._preview_turns.serve(self._shown)
        return self._shown != before

    def build_views(
        self, session: Session, requests: Mapping[int, ViewRequests], fresh: bool
    ) -> dict[int, Views]:
        """Build the views that each viewer has requested.

        Parameters
        ----------
        fresh : whether to describe a parameter now, even if it was described a moment ago
        """
        in_turn = self._look_turns.order(requests)
        inspections = [own.inspection for _, own in in_turn if own.inspection is not None]
        self._inspector.update(session, inspections)
        in_turn = self._parameter_turns.order(requests)
        names = [own.parameter for _, own in in_turn if own.parameter]
        self._parameters.update(
            names,
            session.engine.inspect_parameter,
            lambda _: PARAMETER_SECONDS,
            (session.step, len(session.journal)),
            session.phase is not Phase.RUNNING,
            fresh,
        )
        views = {viewer: self._views(viewer, own) for viewer, own in requests.items()}
        self._look_turns.serve(key for key, own in views.items() if own.inspection is not None)
        self._parameter_turns.serve(key for key, own in views.items() if own.parameter is not None)
        return views

    def _views(self, viewer: int, own: ViewRequests) -> Views:
        parameter = self._parameters.get(own.parameter) if own.parameter else None
        inspection = None if own.inspection is None else self._inspector.answer(own.inspection)
        preview = self._shown.get(viewer)
        is_empty = (parameter, inspection, preview) == (None, None, None)
        return NO_VIEWS if is_empty else Views(parameter, inspection, preview)
