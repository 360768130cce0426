"""The end of the first flight: its result, and the record to beat."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ...flight_results import FlightResult
from ...framework.content import key_hints
from ...framework.screens import BaseDialog
from ...widgets.no_markup import Static, Vertical
from ..help import EXPLAIN


def describe_result(result: FlightResult) -> str:
    """Return the result in one sentence."""
    number = result.commands
    commands = f"with {number} command{'' if number == 1 else 's'}" if number else "left alone"
    return f"You have reached {result.accuracy:.1%} on the test digits, {commands}."


def describe_best(result: FlightResult, best: FlightResult | None) -> str:
    """Return how that compares with the best flight before, in one sentence."""
    if best is None:
        return "This is the record to beat."
    if result.accuracy > best.accuracy:
        return f"A new record: the previous best was {best.accuracy:.1%}, of {best.day}."
    if result.accuracy == best.accuracy:
        return f"That equals the record, of {best.day}."
    return f"The record to beat is {best.accuracy:.1%}, of {best.day}."


class FlightResultDialog(BaseDialog[bool]):
    """Shows a result until a key closes it; returns whether the user wants to rewind."""

    BINDINGS: ClassVar[list[BindingType]] = [
        EXPLAIN,
        Binding("enter,escape,q,space", "close(False)", "Close", show=False),
        Binding("backspace", "close(True)", "Rewind", show=False),
    ]

    def __init__(self, result: FlightResult, best: FlightResult | None) -> None:
        super().__init__()
        self._result = result
        self._best = best

    def compose(self) -> ComposeResult:
        """Compose the result, the record, and the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = "the end of the flight"
            yield Static(describe_result(self._result), classes="question")
            yield Static(describe_best(self._result, self._best))
            hints = "[b]⌫[/] go back to an earlier step, to do better   [b]enter[/] look around"
            yield Static(key_hints(hints), classes="buttons")

    def action_close(self, rewinds: bool) -> None:
        """Close."""
        self.dismiss(rewinds)
