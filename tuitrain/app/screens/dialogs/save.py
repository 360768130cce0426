"""The dialog that saves the commands so far as a scenario or a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.errors import TuitrainError
from tuitrain.user_paths import home_path

from ...framework.content import key_hints
from ...framework.screens import BaseDialog
from ...widgets.no_markup import Input, Static, Vertical
from ..help import EXPLAIN


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """The file to write, and whether an existing one may be overwritten."""

    target: Path
    overwrite: bool


class SaveDialog(BaseDialog["SaveRequest | None"]):
    """Asks for the file; returns a `SaveRequest`, or None.

    An existing file is overwritten only when enter is pressed a second time.

    Parameters
    ----------
    suggested : the first file name
    suffixes : the allowed suffixes
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        EXPLAIN,
        Binding("enter", "save", "Save", priority=True, show=False),
        Binding("escape", "cancel", "Cancel", show=False),
    ]

    def __init__(self, suggested: Path, suffixes: Sequence[str]) -> None:
        super().__init__()
        self._suggested = suggested
        self._suffixes = suffixes
        self._confirmed: Path | None = None

    def compose(self) -> ComposeResult:
        """Compose the field, the target, and the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = "save as scenario"
            yield Static("file", classes="label")
            yield Input(str(self._suggested), id="file", compact=True)
            yield Static(
                "It has the commands of the present branch up to now, and replays to the same "
                "bits. Add expectations yourself.",
                classes="hint",
            )
            yield Static(id="line")
            yield Static(key_hints("[b]enter[/] save   [b]esc[/] cancel"), classes="hint")

    def on_mount(self) -> None:
        """Show the target."""
        self.query_one(Input).cursor_blink = False
        self._show()

    @on(Input.Changed)
    def _changed(self) -> None:
        self._confirmed = None
        self._show()

    def action_save(self) -> None:
        """Return the file; ask once more if it exists."""
        if self.problem():
            return
        target = self.target()
        if target.exists() and target != self._confirmed:
            self._confirmed = target
            self._show()
            return
        self.dismiss(SaveRequest(target, overwrite=target == self._confirmed))

    def action_cancel(self) -> None:
        """Close the dialog without a file."""
        self.dismiss(None)

    def target(self) -> Path:
        """Return the file's absolute path, with ``~`` expanded.

        Raises
        ------
        TuitrainError : no file can have this name
        """
        return home_path(self.query_one(Input).value.strip()).absolute()

    def problem(self) -> str:
        """Return the fault of the file name, or ""."""
        if not self.query_one(Input).value.strip():
            return "name a file"
        try:
            target = self.target()
        except TuitrainError as error:
            return str(error)
        if target.is_dir():
            return f"{target} is a folder"
        if target.suffix not in self._suffixes:
            return f"end the name with {' or '.join(self._suffixes)}"
        return "" if target.parent.is_dir() else f"there is no folder {target.parent}"

    def _show(self) -> None:
        problem = self.problem()
        line = self.query_one("#line", Static)
        target = None if problem else self.target()
        line.update(self._plan(target) if target else f"✗ {problem}")
        line.set_class(bool(problem), "wrong")
        line.set_class(target is not None and target == self._confirmed, "risky")

    def _plan(self, target: Path) -> str:
        """Return the effect of enter."""
        if target == self._confirmed:
            return f"⚠ {target} exists; enter overwrites it"
        return f"→ {target}" + ("   (exists)" if target.exists() else "")
