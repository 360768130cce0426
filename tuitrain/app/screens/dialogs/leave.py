"""The question before a run is left that can continue without this screen."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ...framework.content import key_hints
from ...framework.screens import BaseDialog
from ...widgets.no_markup import Static, Vertical
from ..help import EXPLAIN

Leaving: TypeAlias = Literal["stop", "detach"]
"""End the run with the screen, or let it continue in a process of its own."""


class LeaveDialog(BaseDialog[Leaving]):
    """Returns how the run is left; None to stay.

    Parameters
    ----------
    question : one sentence that names the run
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        EXPLAIN,
        Binding("d", "leave('detach')", "Detach", show=False),
        Binding("s,y", "leave('stop')", "Stop", show=False),
        Binding("escape,n,q", "dismiss", "Stay", show=False),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Compose the question and the keys."""
        with Vertical(classes="dialog warning") as box:
            box.border_title = "leave"
            yield Static(self._question, classes="question")
            detach = "[b]d[/]     detach: it continues; tuitrain attach shows it again"
            yield Static(key_hints(detach))
            yield Static(key_hints("[b]s[/]     stop: the run ends here; its record stays"))
            yield Static(key_hints("[b]esc[/]   stay"), classes="hint")

    def action_leave(self, how: Leaving) -> None:
        """Close with an answer."""
        self.dismiss(how)
