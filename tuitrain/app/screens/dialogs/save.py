"""The save dialog: what was done so far becomes a scenario, in a file of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.app.framework.content import key_hints
from tuitrain.app.widgets.no_markup import Input, Static, Vertical
from tuitrain.errors import TuitrainError
from tuitrain.user_paths import home_path

from ...framework.screens import BaseDialog
from ..help import EXPLAIN


@dataclass(frozen=True, slots=True)
class Save:
    """Where to save, and whether a file that is there may be written over."""

    target: Path
    overwrite: bool


class SaveDialog(BaseDialog["Save | None"]):
    """Asks for the file; answers what to save, or None.

    A file that is there is only written over when enter is pressed once more.

    Parameters
    ----------
    suggested : the file name to begin with
    kinds : the suffixes that there are writers for
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        EXPLAIN,
        Binding("enter", "save", "Save", priority=True, show=False),
        Binding("escape", "cancel", "Cancel", show=False),
    ]

    def __init__(self, suggested: Path, kinds: Sequence[str]) -> None:
        super().__init__()
        self._suggested = suggested
        self._kinds = kinds
        self._sure_of: Path | None = None

    def compose(self) -> ComposeResult:
        """Compose the field, what will be written, and the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = "save as scenario"
            yield Static("file", classes="label")
            yield Input(str(self._suggested), id="file", compact=True)
            yield Static(
                "It does what was done up to now on the present line, step by step, and replays "
                "to the same bits. Expectations are yours to add.",
                classes="hint",
            )
            yield Static(id="line")
            yield Static(key_hints("[b]enter[/] save   [b]esc[/] cancel"), classes="hint")

    def on_mount(self) -> None:
        """Show where it would go."""
        self.query_one(Input).cursor_blink = False
        self._show()

    @on(Input.Changed)
    def _changed(self) -> None:
        self._sure_of = None
        self._show()

    def action_save(self) -> None:
        """Answer the file; ask once more if it is there."""
        if self.problem():
            return
        target = self.target()
        if target.exists() and target != self._sure_of:
            self._sure_of = target
            self._show()
            return
        self.dismiss(Save(target, overwrite=target == self._sure_of))

    def action_cancel(self) -> None:
        """Answer nothing."""
        self.dismiss(None)

    def target(self) -> Path:
        """Return the file, from the working directory and the home directory on.

        Raises
        ------
        TuitrainError : no file can have that name
        """
        return home_path(self.query_one(Input).value.strip()).absolute()

    def problem(self) -> str:
        """Say what is wrong with the file name; "" if nothing is."""
        if not self.query_one(Input).value.strip():
            return "name a file"
        try:
            target = self.target()
        except TuitrainError as error:
            return str(error)
        if target.is_dir():
            return f"{target} is a folder"
        if target.suffix not in self._kinds:
            return f"end the name with {' or '.join(self._kinds)}"
        return "" if target.parent.is_dir() else f"there is no folder {target.parent}"

    def _show(self) -> None:
        problem = self.problem()
        line = self.query_one("#line", Static)
        target = None if problem else self.target()
        line.update(self._plan(target) if target else f"✗ {problem}")
        line.set_class(bool(problem), "wrong")
        line.set_class(target is not None and target == self._sure_of, "risky")

    def _plan(self, target: Path) -> str:
        """Say what enter would do."""
        if target == self._sure_of:
            return f"⚠ {target} is there; enter writes over it"
        return f"→ {target}" + ("   (is there already)" if target.exists() else "")
