"""The branches dialog: the lines that were left, and the way back to one."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tuitrain.app.renderables.formatting import count, percentage, short
from tuitrain.app.renderables.rows import left, right
from tuitrain.run.snapshot import BranchView, Series, Snapshot

from .dialog import CommandDialog

_WIDTHS = (14, 10, 10, 10, 10)
_TITLES = ("branch", "from step", "to step", "loss", "accuracy")


class BranchesDialog(CommandDialog):
    """Returns to the end of a branch; the one left last is at the top."""

    verb = "branch"

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__("branches")
        self._branches = list(reversed(snapshot.branches))
        self._present = snapshot.branch

    def body(self) -> ComposeResult:
        """Compose the table, and what becomes of the present line."""
        yield Static(_cells(_TITLES), classes="label", markup=False)
        yield OptionList(
            *(Option(branch_row(each), id=each.name) for each in self._branches),
            id="branches",
            compact=True,
            markup=False,
        )
        yield Static(
            f"the present line is kept as branch {self._present}", classes="hint", markup=False
        )

    def more_keys(self) -> str:
        """Name the keys to move about."""
        return "   [b]↑ ↓[/] choose"

    def on_mount(self) -> None:
        """Begin at the one that was left last."""
        self.query_one(OptionList).highlighted = 0
        super().on_mount()

    def line(self) -> str:
        """Return ``branch NAME``."""
        option = self.query_one(OptionList).highlighted_option
        return f"branch {option.id if option is not None else ''}"


def branch_row(branch: BranchView) -> str:
    """Write a branch as a row of the table: name, fork, tip, last loss and last accuracy."""
    loss, accuracy = _last(branch.loss), _last(branch.accuracy)
    return _cells(
        (
            branch.name,
            count(branch.fork),
            count(branch.tip),
            "—" if loss is None else short(loss),
            "—" if accuracy is None else percentage(accuracy),
        )
    )


def _last(series: Series) -> float | None:
    return float(series.values[-1]) if len(series) else None


def _cells(words: tuple[str, ...]) -> str:
    name, *numbers = zip(words, _WIDTHS, strict=True)
    return " ".join([left(*name), *(right(*each) for each in numbers)])
