"""The question about a run that has not finished: go on with it, or look at it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.app.framework.content import key_hints
from tuitrain.app.renderables.formatting import format_count
from tuitrain.app.start_choice import OpenRecording, ResumeRun, StartChoice
from tuitrain.app.widgets.no_markup import Static, Vertical
from tuitrain.scenario.runs.run_list import RecordedRun

from ...framework.screens import BaseDialog
from ..help import EXPLAIN


class ResumeOrOpenDialog(BaseDialog[StartChoice]):
    """Answers `Resume`, `Open` or None."""

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
            said = f"It is {run.ending}, at step {format_count(run.step)}{of}."
            yield Static(said, classes="question")
            resumes = (
                "[b]r[/], [b]enter[/]  resume: train it again from its latest checkpoint up to "
                "there, and stand there, paused; the record goes on in the same folder"
            )
            yield Static(key_hints(resumes))
            yield Static(
                key_hints("[b]o[/]         open its recording: look at it, change nothing")
            )
            yield Static(key_hints("[b]esc[/]       back"), classes="hint")

    def action_answer(self, resume: bool) -> None:
        """Answer."""
        self.dismiss(ResumeRun(self._run.folder) if resume else OpenRecording(self._run.folder))
