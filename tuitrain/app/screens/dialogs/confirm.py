"""The question before an action that ends the run."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ...framework.content import key_hints
from ...framework.screens import BaseDialog
from ...widgets.no_markup import Static, Vertical
from ..help import EXPLAIN


class ConfirmDialog(BaseDialog[bool]):
    """Returns True for yes; every other way to close it is no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        EXPLAIN,
        Binding("y,enter", "answer(True)", "Yes", show=False),
        Binding("n,escape,q", "answer(False)", "No", show=False),
    ]

    def __init__(self, act: str, question: str, warning: str) -> None:
        super().__init__()
        self._act = act
        self._question = question
        self._warning = warning

    def compose(self) -> ComposeResult:
        """Compose the question, the warning, and the keys."""
        with Vertical(classes="dialog warning") as box:
            box.border_title = self._act.lower()
            yield Static(self._question, classes="question")
            yield Static(self._warning, classes="hint")
            yield Static(
                key_hints(f"[b]y[/] {self._act.lower()}   [b]n[/] continue"), classes="buttons"
            )

    def action_answer(self, sure: bool) -> None:
        """Close with an answer."""
        self.dismiss(sure)
