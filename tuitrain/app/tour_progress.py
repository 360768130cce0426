"""The progress of a tour: the step that is shown, and its text for the present run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from tuitrain.run.authorship import is_automatic
from tuitrain.run.snapshot import Intervention, JournalEntry, Phase, Snapshot

from .renderables.rows import ellipsize
from .tour_steps import TourStep, find_group

PAUSED: Final = "The run is paused, so nothing moves. {key} resumes it."
_QUIET: Final = ("pause", "resume", "speed", "step")
"""Commands that do not end the time in which an effect is watched."""
_LAST_WIDTH: Final = 24
"""Cells for the last command in a string."""


@dataclass(frozen=True, slots=True)
class SelectedRow:
    """The selected row of the groups table.

    Attributes
    ----------
    group : its group; "" without a row
    is_group : whether it is the row of the group, and not that of a parameter
    """

    group: str = ""
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """The content of a tour's panel.

    Attributes
    ----------
    panel : the id of the panel to look at
    text : with ``{key}`` for the key of the action ``name``
    """

    panel: str
    text: str
    name: str = ""


class TourProgress:
    """The progress of a tour. Every prompt is true of the present run, and can be followed.

    A step that the run fulfils already, or that it cannot fulfil, is left out. After a way back the
    tour returns to the first step whose effect was taken back.

    Parameters
    ----------
    read_only : whether the screen refuses commands

    Attributes
    ----------
    steps : those that the run can fulfil at the beginning
    at : the index of the present step; ``len(steps)`` when the tour is over
    """

    def __init__(
        self, steps: Sequence[TourStep], snapshot: Snapshot | None, read_only: bool = False
    ) -> None:
        self._read_only = read_only
        self.steps = [step for step in steps if snapshot is None or self._suits(step, snapshot)]
        self.at = 0
        self._is_new = True
        self._effect_until: int | None = None
        self._mistake: Intervention | None = None
        self._skipped: set[int] = set()
        self._seen = 0 if snapshot is None else len(snapshot.journal)
        self._branch = "" if snapshot is None else snapshot.branch

    @property
    def is_over(self) -> bool:
        """Whether there is no further step."""
        return self.at >= len(self.steps)

    def skip(self) -> None:
        """Go to the next step; the present one does not return."""
        self._skipped.add(self.at)
        self._enter(self.at + 1)

    def act(self, action: str) -> None:
        """Go to the next step if the action is the one that this step asks for."""
        if self.is_over or not (awaited := self.steps[self.at].action):
            return
        if action.rpartition(".")[2].startswith(awaited):
            self._enter(self.at + 1)

    def follow(self, snapshot: Snapshot, row: SelectedRow) -> None:
        """Go to the step that the run and the selected row ask for."""
        new = snapshot.journal[self._seen :]
        self._seen = len(snapshot.journal)
        if self.is_over or not snapshot.step:  # before the first step the run is not set up
            return
        applied = [
            entry for entry in new if entry.outcome == "applied" and not is_automatic(entry.actor)
        ]
        if snapshot.branch != self._branch:
            self._branch = snapshot.branch
            self._go_back(snapshot)
        self._end_effect(snapshot, applied)
        while not self.is_over and self._effect_until is None:
            if not self._leave_step(snapshot, row, applied):
                break

    def prompt(self, snapshot: Snapshot, row: SelectedRow) -> Prompt:
        """Return the text of the present step, and the panel that it is about."""
        step = self.steps[self.at]
        if step.is_about_training and snapshot.phase is Phase.PAUSED:
            return Prompt("header", PAUSED, "pause")
        if self._effect_until is not None:
            return Prompt(step.panel, step.effect)
        if step.group and step.is_about_training:
            if not _is_selected(step, row):
                text = f"The next command is for {step.group}: {{key}} selects it."
                return Prompt("groups", text, _direction(snapshot, step.group, row))
            group = find_group(snapshot, step.group)
            if group is not None and group.frozen_since is not None and step.name != "freeze":
                text = f"{step.group} is frozen, and cannot learn. {{key}} thaws it."
                return Prompt("groups", text, "freeze")
        return Prompt(step.panel, _filled(step.text, snapshot), step.name)

    def _leave_step(
        self, snapshot: Snapshot, row: SelectedRow, applied: list[JournalEntry]
    ) -> bool:
        """Leave the present step if it is done or cannot be; return whether it was left."""
        step = self.steps[self.at]
        if self._is_new and step.takes_back:
            self._mistake = _last_of(step.takes_back, snapshot)
        is_fulfilled = step.is_met is not None and step.is_met(snapshot)
        if not self._is_possible(step, snapshot) or (self._is_new and is_fulfilled):
            self._enter(self.at + 1)
            return True
        self._is_new = False
        if not (is_fulfilled or self._is_done(step, snapshot, row, applied)):
            return False
        applied.clear()
        if step.effect:
            self._effect_until = snapshot.step + step.effect_steps
        else:
            self._enter(self.at + 1)
        return True

    def _is_done(
        self, step: TourStep, snapshot: Snapshot, row: SelectedRow, applied: list[JournalEntry]
    ) -> bool:
        if step.takes_back:
            return self._mistake not in snapshot.interventions
        if step.verb:
            return any(_is_awaited(entry.command, step) for entry in applied)
        return bool(step.group) and not step.is_met and _is_selected(step, row)

    def _is_possible(self, step: TourStep, snapshot: Snapshot) -> bool:
        if step.takes_back and self._mistake is None:
            return False
        has_group = not step.group or find_group(snapshot, step.group) is not None
        return has_group and self._suits(step, snapshot)

    def _suits(self, step: TourStep, snapshot: Snapshot) -> bool:
        """Return whether the run takes the commands of a step."""
        phase, stays = snapshot.phase, self._read_only or bool(snapshot.no_way_back)
        match step.needs:
            case "steering":
                return not (self._read_only or phase.ended)
            case "history":
                return not (stays or phase.is_broken or phase.is_record)
            case "watching":
                return stays and not phase.is_record
            case _:
                return True

    def _end_effect(self, snapshot: Snapshot, applied: list[JournalEntry]) -> None:
        """Go to the next step when an effect was seen, or when the user acts before."""
        if self._effect_until is None:
            return
        acts = any(entry.command.split()[0] not in _QUIET for entry in applied)
        if snapshot.step >= self._effect_until or acts:
            self._enter(self.at + 1)

    def _go_back(self, snapshot: Snapshot) -> None:
        """Return to the first step whose effect a way back has taken back."""
        if self._effect_until is not None:
            self._enter(self.at + 1)
        for at, step in enumerate(self.steps[: self.at]):
            is_lasting = step.is_met is not None and bool(step.group)
            if is_lasting and at not in self._skipped and self._is_lost(step, snapshot):
                self._enter(at)
                return

    def _is_lost(self, step: TourStep, snapshot: Snapshot) -> bool:
        is_met = step.is_met is None or step.is_met(snapshot)
        return self._is_possible(step, snapshot) and not is_met

    def _enter(self, at: int) -> None:
        self.at, self._is_new, self._effect_until = at, True, None


def _is_selected(step: TourStep, row: SelectedRow) -> bool:
    return row.is_group and row.group == step.group


def _is_awaited(command: str, step: TourStep) -> bool:
    verb, *words = command.split()
    return verb == step.verb and (not step.group or words[:1] == [step.group])


def _last_of(verb: str, snapshot: Snapshot) -> Intervention | None:
    """Return the last command of a verb that has led to the present state."""
    made = reversed(snapshot.interventions)
    return next((one for one in made if one.command.split()[0] == verb), None)


def _direction(snapshot: Snapshot, group: str, row: SelectedRow) -> str:
    """Return the name of the key that moves from the selected row to a group's."""
    names = [view.name for view in snapshot.groups]
    if row.group not in names or group not in names:
        return "down"
    return "down" if names.index(row.group) < names.index(group) else "up"


def _filled(text: str, snapshot: Snapshot) -> str:
    """Return a string with the last command and the number of epochs that are left."""
    info, made = snapshot.info, snapshot.interventions
    last = ellipsize(made[-1].command, _LAST_WIDTH) if made else ""
    steps = max(1, info.total_steps - snapshot.step)
    left = ceil(steps / info.steps_per_epoch) if info.steps_per_epoch else steps
    return text.replace("{last}", last).replace("{left}", str(left))
