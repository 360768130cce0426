"""The steps of the tour, which has the user press the main keys on the present run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class TourStep:
    """A step of the tour.

    Attributes
    ----------
    panel : the id of the panel that it explains
    text : one or two sentences; ``{key}`` is replaced by the key
    name : the name of the awaited action
    action : the start of that action, for every panel that has it
    """

    panel: str
    text: str
    name: str
    action: str


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
