"""The question about an unfinished run: resume it, or open its recording."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.scenario.runs.run_list import RecordedRun

from ...framework.content import key_hints
from ...framework.screens import BaseDialog
from ...renderables.formatting import format_count
from ...start_choice import OpenRecording, ResumeRun, StartChoice
from ...widgets.no_markup import Static, Vertical
from ..help import EXPLAIN

_STATES: Final = {"failed": "has failed", "interrupted": "was interrupted"}


class ResumeOrOpenDialog(BaseDialog[StartChoice]):
    """Returns `ResumeRun`, `OpenRecording` or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        EXPLAIN,
        Binding("r,enter", "answer(True)", "Resume", show=False),
        Binding("o", "answer(False)", "Open", show=False),
        Binding("escape,q", "dismiss", "Back", show=False),
    ]

    def __init__(self, run: RecordedRun) -> None:
        super().__init__()
        self._run = run

    def compose(self) -> ComposeResult:
        """Compose the question."""
        run = self._run
        of = f" of {format_count(run.total)}" if run.total else ""
        with Vertical(classes="dialog") as box:
            box.border_title = run.name
            state = _STATES.get(run.ending, f"is {run.ending}")
            text = f"It {state}, at step {format_count(run.step)}{of}."
            yield Static(text, classes="question")
            resumes = (
                "[b]r[/], [b]enter[/]  resume: train it again from its latest checkpoint up to "
                "there, then pause; the record continues in the same folder"
            )
            yield Static(key_hints(resumes))
            yield Static(key_hints("[b]o[/]         open its recording, read-only"))
            yield Static(key_hints("[b]esc[/]       back"), classes="hint")

    def action_answer(self, resume: bool) -> None:
        """Close with a choice."""
        self.dismiss(ResumeRun(self._run.folder) if resume else OpenRecording(self._run.folder))
