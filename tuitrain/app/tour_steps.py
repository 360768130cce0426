"""The steps of the tours, which have the user press the main keys on the present run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tuitrain.run.snapshot import GroupView, Snapshot

Need: TypeAlias = Literal["", "steering", "history", "watching"]
"""The need of a step: nothing; a run that takes all commands; one that takes those of its history;
a run that this screen only watches, or that cannot go back."""

NO_END: Final = 1_000_000_000
"""More steps than a run has."""


@dataclass(frozen=True, slots=True)
class TourStep:
    """A step of a tour; it ends by an action, a command, or a state of the run.

    Attributes
    ----------
    panel : the id of the panel that it explains
    text : one or two sentences; ``{key}`` is replaced by the key, ``{last}`` by the last command,
        ``{left}`` by the epochs that are left
    name : the name of the action of that key
    action : the start of the awaited action, for every panel that has it
    verb : the first word of the awaited command
    group : the group that must be selected; without ``verb`` and ``is_met`` the step awaits that
    is_met : whether the run is as the step asks for; the step is left out where it is from the
        beginning
    takes_back : the first word of the command that must be taken back
    needs : see `Need`; the step is left out on other runs
    effect : describes the visible result, shown for ``effect_steps`` steps of the run
    """

    panel: str
    text: str
    name: str
    action: str = ""
    verb: str = ""
    group: str = ""
    is_met: Callable[[Snapshot], bool] | None = None
    takes_back: str = ""
    needs: Need = ""
    effect: str = ""
    effect_steps: int = 0

    @property
    def is_about_training(self) -> bool:
        """Whether the step awaits a change of the run and not only a key."""
        return bool(self.verb or self.is_met or self.takes_back)


def find_group(snapshot: Snapshot, name: str) -> GroupView | None:
    """Return the group of a name; None if there is none."""
    return next((group for group in snapshot.groups if group.name == name), None)


def _is_faster(snapshot: Snapshot) -> bool:
    return snapshot.pace is None or snapshot.pace > FIRST_PACE


def _is_unlimited(snapshot: Snapshot) -> bool:
    return snapshot.pace is None


def _is_swapped(snapshot: Snapshot) -> bool:
    group = find_group(snapshot, "fc")
    return group is not None and group.optimizer != "sgd"


def _is_frozen(snapshot: Snapshot) -> bool:
    group = find_group(snapshot, "conv")
    return group is not None and group.frozen_since is not None


def _decays(snapshot: Snapshot) -> bool:
    group = find_group(snapshot, "fc")
    return group is not None and group.schedule != "constant"


FIRST_PACE: Final = 25
"""The steps a second at which the first flight begins; `first_flight.toml` has it, too."""

TOUR_STEPS: Final = (
    TourStep(
        "groups",
        "The network learns group by group. {key} selects the next row; "
        "|Δw|/|w| is how far the last update moved it.",
        "down",
        action="move",
    ),
    TourStep(
        "groups",
        "{key} freezes the selection, or thaws it: the answer below names the step. "
        "Frozen parameters keep every bit; the others continue to learn.",
        "freeze",
        action="toggle_freeze",
        needs="steering",
    ),
    TourStep(
        "journal",
        "The journal has every command with its step. {key} undoes the last one, and "
        "trains to this step without it.",
        "undo",
        action="undo",
        needs="history",
    ),
    TourStep(
        "loss",
        "{key} moves a cursor into the past: charts and table show that step. "
        "Enter rewinds there; → returns to the present.",
        "earlier",
        action="earlier",
        needs="history",
    ),
    TourStep(
        "loss",
        "{key} moves a cursor into the past: charts and table show that step. "
        "→ returns to the present.",
        "earlier",
        action="earlier",
        needs="watching",
    ),
    TourStep(
        "header",
        "{key} pauses at the next step boundary, and resumes.",
        "pause",
        action="toggle_pause",
        needs="steering",
    ),
    TourStep(
        "loss",
        "{key} charts the next metric: learning rates, gradients, updates of each group.",
        "next_chart",
        action="metric",
    ),
    TourStep(
        "footer",
        "{key} has every key and command. That is all: have a good flight.",
        "help",
        action="help",
    ),
)
"""The tour of any run."""

FIRST_FLIGHT_STEPS: Final = (
    TourStep(
        "loss",
        "A network learns to read digits, slowly, so that you can watch. The loss is its error; "
        "fly it to the best accuracy. {key} trains faster.",
        "faster",
        is_met=_is_faster,
        effect="The line at the top has the step and the speed. The loss falls, but slowly.",
        effect_steps=150,
    ),
    TourStep(
        "groups",
        "The network is steered in groups: conv finds strokes, fc names the digit. "
        "{key} moves down the table: go to fc.",
        "down",
        group="fc",
    ),
    TourStep(
        "loss",
        "The loss falls slowly: the updates are small. {key} swaps the optimizer of fc: choose "
        "adam (↓, enter), which sizes each update by itself.",
        "optimizer",
        group="fc",
        is_met=_is_swapped,
        effect="Watch the loss fall. The dotted line is where your command was applied.",
        effect_steps=250,
    ),
    TourStep(
        "loss",
        "Now make a mistake, to see one: {key} then x100 and enter makes the learning rate of fc "
        "a hundred times as high.",
        "lr",
        verb="lr",
        group="fc",
        effect="Watch both charts: the updates are far too large, and what was learned is lost.",
        effect_steps=200,
    ),
    TourStep(
        "journal",
        "The journal has every command with its step. {key} undoes the last one, {last}: the run "
        "goes back, and trains to this step without it.",
        "undo",
        takes_back="lr",
        effect="As if it had not happened. The dimmed curve is the branch that you have left.",
        effect_steps=250,
    ),
    TourStep(
        "groups",
        "{key} freezes conv, which knows its strokes by now: it keeps every bit, each step has "
        "less to do, and fc continues to learn.",
        "freeze",
        group="conv",
        is_met=_is_frozen,
        effect="The row says since which step; the ✓, that its bytes have not changed since.",
        effect_steps=250,
    ),
    TourStep(
        "loss",
        "{key} then {left} and enter: in the {left} epochs that are left, the learning rate of fc "
        "falls to zero, and the loss settles.",
        "decay",
        group="fc",
        is_met=_decays,
    ),
    TourStep(
        "header",
        "{key} again and again: full speed to the end of the flight. What you reach there is the "
        "record to beat.",
        "faster",
        is_met=_is_unlimited,
        effect="Full speed. The flight ends in seconds, with your result.",
        effect_steps=NO_END,
    ),
)
"""The tour of the first flight: each step has an effect that is seen within seconds."""
