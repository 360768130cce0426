"""The steps of the tours, which have the user press the main keys on the present run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class TourStep:
    """A step of a tour.

    Attributes
    ----------
    panel : the id of the panel that it explains
    text : one or two sentences; ``{key}`` is replaced by the key
    name : the name of the action of that key
    action : the start of the awaited action, for every panel that has it
    verb : the first word of the command that is awaited instead of the action
    """

    panel: str
    text: str
    name: str
    action: str = ""
    verb: str = ""


TOUR_STEPS: Final = (
    TourStep(
        "groups",
        "The network learns group by group. {key} selects the next row; "
        "|Δw|/|w| is how far the last update moved it.",
        "down",
        "move",
    ),
    TourStep(
        "groups",
        "{key} freezes the selection: the answer below names the step. "
        "Frozen parameters keep every bit; the others continue to learn.",
        "freeze",
        "toggle_freeze",
    ),
    TourStep(
        "journal",
        "The journal has every command with its step. {key} undoes the last one, and "
        "trains to this step without it.",
        "undo",
        "undo",
    ),
    TourStep(
        "loss",
        "{key} moves a cursor into the past: charts and table show that step. "
        "Enter rewinds there; → returns to the present.",
        "earlier",
        "earlier",
    ),
    TourStep(
        "header", "{key} pauses at the next step boundary, and resumes.", "pause", "toggle_pause"
    ),
    TourStep(
        "loss",
        "{key} charts the next metric: learning rates, gradients, updates of each group.",
        "next_chart",
        "metric",
    ),
    TourStep(
        "footer",
        "{key} has every key and command. That is all: have a good flight.",
        "help",
        "help",
    ),
)

FIRST_FLIGHT_STEPS: Final = (
    TourStep(
        "header",
        "A network learns to read digits, 25 steps a second so that you can watch. Fly it to the "
        "best accuracy. {key} trains faster: press it once.",
        "faster",
        verb="speed",
    ),
    TourStep(
        "groups",
        "It learns in two groups: conv finds strokes, fc names the digit. "
        "{key} selects the next row: go to fc.",
        "down",
        "move",
    ),
    TourStep(
        "loss",
        "The loss hardly falls: the updates are too small. {key} changes the optimizer: choose "
        "adam (↓), which sizes each update by itself, then enter. Watch the loss.",
        "optimizer",
        verb="optimizer",
    ),
    TourStep(
        "loss",
        "Now make a mistake. {key}, then x100 and enter: a learning rate a hundred times higher. "
        "Watch the loss.",
        "lr",
        verb="lr",
    ),
    TourStep(
        "journal",
        "Every command is in the journal, with its step. {key} undoes the last one: the run goes "
        "back, and trains to this step without it.",
        "undo",
        verb="undo",
    ),
    TourStep(
        "groups",
        "Select conv (↑). {key} freezes it: it keeps every bit, a step has less to do, and fc "
        "learns on.",
        "freeze",
        verb="freeze",
    ),
    TourStep(
        "loss",
        "Select fc (↓). {key}, the epochs that are left, such as 30, then enter: its learning rate "
        "falls to zero, and the loss settles.",
        "decay",
        verb="decay",
    ),
    TourStep(
        "header",
        "{key} again and again: full speed, to the end of the flight. What you reach is the record "
        "to beat.",
        "faster",
        verb="speed",
    ),
)
"""The tour of the first flight: each step has an effect that is seen within seconds."""
