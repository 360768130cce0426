"""The branches dialog: the tree of branches, and a switch to one of them."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.run.snapshot import Snapshot

from ...renderables.tables.branch_tree import align_cells, branch_rows, branch_titles
from ...widgets.no_markup import Option, OptionList, Static
from .command_dialog import CommandDialog


class BranchesDialog(CommandDialog):
    """Switches to the end of a branch; the branch that was left last is selected first."""

    verb = "branch"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "choose('cursor_down')", "Down", show=False),
        Binding("k", "choose('cursor_up')", "Up", show=False),
        Binding("g", "choose('first')", "First", show=False),
        Binding("G", "choose('last')", "Last", show=False),
    ]

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__("branches")
        self._leaves = branch_rows(snapshot)
        self._titles = branch_titles(snapshot.info)
        self._newest = snapshot.branches[-1].name
        self._present = snapshot.branch

    def compose_body(self) -> ComposeResult:
        """Compose the tree, and what happens to the present branch."""
        yield Static(align_cells(self._titles), classes="label")
        options = (Option(leaf.text, id=leaf.name) for leaf in self._leaves)
        yield OptionList(*options, id="branches", compact=True)
        yield Static(
            f"● the present branch, {self._present}   ┄ a ghost in the charts",
            classes="hint",
        )

    def extra_keys(self) -> str:
        """Return the keys that select."""
        return "   [b]↑ ↓[/] choose"

    def on_mount(self) -> None:
        """Select the branch that was left last."""
        names = [leaf.name for leaf in self._leaves]
        self.query_one(OptionList).highlighted = names.index(self._newest)
        super().on_mount()

    def action_choose(self, move: str) -> None:
        """Move the cursor of the tree."""
        getattr(self.query_one(OptionList), f"action_{move}")()

    def command_text(self) -> str:
        """Return ``branch NAME``."""
        return f"branch {self._chosen}"

    def problem(self) -> str:
        """Return why the present branch cannot be chosen."""
        return f"the run is on {self._present} already" if self._chosen == self._present else ""

    @property
    def _chosen(self) -> str:
        option = self.query_one(OptionList).highlighted_option
        return "" if option is None or option.id is None else option.id
