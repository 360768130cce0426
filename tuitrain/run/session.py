"""The session: what happens at each step boundary, and in which order.

Owns the clockless, threadless part of a run, so that a run under the screen and a headless replay
take the same decisions at the same steps. At the boundary before a step: first the commands planned
for it, then those that came in, then whoever watches (expectations); then the step.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tuitrain.commands import AnyCommand, Pause, Resume, Step, Stop, to_text
from tuitrain.engines.base import Change, Engine
from tuitrain.errors import RefusedError

from .curve import Curve
from .journal import Journal
from .snapshot import Actor, JournalEntry, Outcome, Phase, Snapshot, Title

PLANNED = 0
"""The ticket of commands that nobody waits for: those that a scenario planned."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A command to be applied at the boundary before step ``step`` (counted from 0)."""

    step: int
    command: AnyCommand


class Session:
    """A run without a clock and without a thread.

    Parameters
    ----------
    engine : what trains
    title : what is trained, and for how many steps
    planned : commands with their steps; those of one step are applied in the given order
    marks : further steps at which a burst must end, so that somebody can look
    """

    def __init__(
        self,
        engine: Engine,
        title: Title,
        planned: Iterable[Planned] = (),
        marks: Iterable[int] = (),
    ) -> None:
        self.engine = engine
        self.title = title
        self.phase = Phase.RUNNING
        self.loss = Curve()
        self.accuracy = Curve()
        self.journal = Journal()
        self.first_non_finite: int | None = None
        self._planned = sorted(planned, key=lambda each: each.step)
        self._steps_left: int | None = None
        self._marks = sorted({*marks, *(each.step for each in self._planned), title.total_steps})

    @property
    def step(self) -> int:
        """Steps taken."""
        return self.engine.step

    @property
    def planned(self) -> tuple[Planned, ...]:
        """The planned commands that are not applied yet."""
        return tuple(self._planned)

    def apply_planned(self) -> None:
        """Apply the commands that are planned for this boundary."""
        while self._planned and self._planned[0].step <= self.step:
            self.decide(self._planned.pop(0).command, "scenario", PLANNED)

    def decide(self, command: AnyCommand, actor: Actor, ticket: int) -> JournalEntry:
        """Apply or refuse one command, at this boundary, and write it to the journal."""
        try:
            change = self._apply(command)
        except RefusedError as refusal:
            return self._write(command, actor, ticket, "refused", str(refusal))
        outcome: Outcome = "applied" if change.changed else "unchanged"
        return self._write(command, actor, ticket, outcome, change.message)

    def burst(self, until: Callable[[], bool] = lambda: False) -> Sequence[float]:
        """Take steps to the next mark or epoch, to the end of a `step N`, or until told to."""
        per_epoch = self.title.steps_per_epoch
        epoch_end = (self.step // per_epoch + 1) * per_epoch
        next_mark = self._marks[bisect_right(self._marks, self.step)]
        wanted = min(epoch_end, next_mark) - self.step
        if self._steps_left is not None:
            wanted = min(wanted, self._steps_left)
        before = self.step
        losses = self.engine.run(wanted, until)
        self.loss.extend(before + 1, losses)
        self._note_non_finite(before, losses)
        self._after(len(losses))
        return losses

    def train_loss(self) -> float:
        """Return the mean loss of the present epoch, at its end that of the epoch just ended.

        NaN before the first step.
        """
        if not self.step:
            return math.nan
        taken = (self.step - 1) % self.title.steps_per_epoch + 1
        losses = self.loss.last(taken)
        return math.fsum(losses) / len(losses) if all(map(math.isfinite, losses)) else math.nan

    def test_accuracy(self) -> float:
        """Return the accuracy on the test set now; measured at most once a step."""
        known = self.accuracy.series()
        if not len(known) or known.steps[-1] != self.step:
            self.accuracy.extend(self.step, [self.engine.evaluate()])
        return self.accuracy.last(1)[0]

    def snapshot(
        self, version: int = 0, watched: str | None = None, samples_per_second: float = 0.0
    ) -> Snapshot:
        """Return what a face shows at this boundary.

        Parameters
        ----------
        version : of the snapshot
        watched : the parameter to describe in full
        samples_per_second : how fast the training goes, which a session does not know
        """
        left = (self.title.total_steps - self.step) * self.engine.batch_size
        bad = self.first_non_finite
        return Snapshot(
            version=version,
            title=self.title,
            phase=self.phase,
            step=self.step,
            note="" if bad is None else f"loss is not finite since step {bad}",
            samples_per_second=samples_per_second,
            eta=left / samples_per_second if samples_per_second else None,
            loss=self.loss.series(),
            accuracy=self.accuracy.series(),
            groups=self.engine.groups(),
            parameter=self.engine.inspect(watched) if watched else None,
            journal=self.journal.entries(),
            optimizers=self.engine.optimizers(),
        )

    def _write(
        self, command: AnyCommand, actor: Actor, ticket: int, outcome: Outcome, message: str
    ) -> JournalEntry:
        return self.journal.add(ticket, self.step, to_text(command), actor, outcome, message)

    def _apply(self, command: AnyCommand) -> Change:
        if self.phase.ended:
            raise RefusedError(f"the run has ended ({self.phase.value} at step {self.step})")
        match command:
            case Pause():
                return self._pause()
            case Resume():
                return self._resume()
            case Step(count=count):
                return self._take(count)
            case Stop():
                self.phase = Phase.STOPPED
                return Change(True, f"stopped at step {self.step}")
        return self.engine.apply(command)

    def _pause(self) -> Change:
        if self.phase is Phase.PAUSED:
            return Change(False, f"already paused at step {self.step}")
        self.phase, self._steps_left = Phase.PAUSED, None
        return Change(True, f"paused at step {self.step}")

    def _resume(self) -> Change:
        if self.phase is Phase.RUNNING and self._steps_left is None:
            return Change(False, "already running")
        self.phase, self._steps_left = Phase.RUNNING, None
        return Change(True, f"running on from step {self.step}")

    def _take(self, count: int) -> Change:
        left = self.title.total_steps - self.step
        taken = min(count, left)
        self.phase, self._steps_left = Phase.RUNNING, taken
        short = f"; only {taken} are left" if taken < count else ""
        return Change(True, f"to step {self.step + taken}, then pause{short}")

    def _after(self, taken: int) -> None:
        if self._steps_left is not None:
            self._steps_left -= taken
            if self._steps_left == 0:
                self.phase, self._steps_left = Phase.PAUSED, None
        if self.step % self.title.steps_per_epoch == 0 or self.step == self.title.total_steps:
            self.test_accuracy()
        if self.step == self.title.total_steps:
            self.phase = Phase.FINISHED

    def _note_non_finite(self, before: int, losses: Sequence[float]) -> None:
        if self.first_non_finite is None:
            for offset, loss in enumerate(losses):
                if not math.isfinite(loss):
                    self.first_non_finite = before + offset + 1
                    break
