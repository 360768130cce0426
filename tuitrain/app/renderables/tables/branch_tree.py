"""The lines of history as a tree: which left which one, at what step, and how far each has come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tuitrain.run.snapshot import BranchView, Series, Snapshot

from ..charts.branch_curves import MAX_GHOSTS
from ..formatting import format_count, format_number, format_percentage
from ..rows import ljust, rjust

_WIDTHS = (22, 10, 10, 9, 9)
TITLES = ("  branch", "from step", "to step", "loss", "accuracy")


@dataclass(frozen=True, slots=True)
class BranchRow:
    """A line in the tree.

    Attributes
    ----------
    name : its name, as its ghost in the charts wears it
    text : its row
    present : whether the run is on it
    """

    name: str
    text: str
    is_current: bool


def branch_rows(snapshot: Snapshot) -> list[BranchRow]:
    """Return the lines, each under the one that it left, the earliest fork first.

    ``●`` is the present line, ``┄`` one that is drawn as a ghost in the charts.
    """
    present = BranchView(
        snapshot.branch,
        snapshot.fork,
        snapshot.step,
        snapshot.loss,
        snapshot.accuracy,
        snapshot.parent,
    )
    lines = [*snapshot.branches, present]
    ghosts = {each.name for each in snapshot.branches[-MAX_GHOSTS:]}
    return [
        BranchRow(each.name, _row(each, stem, _sign(each, present, ghosts)), each is present)
        for each, stem in _in_order(lines)
    ]


def align_cells(words: Sequence[str]) -> str:
    """Write words under the titles."""
    name, *numbers = zip(words, _WIDTHS, strict=True)
    return " ".join([ljust(*name), *(rjust(*each) for each in numbers)])


def _in_order(lines: Sequence[BranchView]) -> Iterator[tuple[BranchView, str]]:
    """Go through the tree from its roots, with what is drawn before each name."""
    names = {each.name for each in lines}
    roots = [each for each in lines if each.parent not in names - {each.name}]
    yield from _branch(roots, lines, "", top=True)


def _branch(
    siblings: Sequence[BranchView], lines: Sequence[BranchView], before: str, top: bool = False
) -> Iterator[tuple[BranchView, str]]:
    for each in (ordered := sorted(siblings, key=lambda line: (line.fork, line.name))):
        last = each is ordered[-1]
        yield each, "" if top else before + ("└ " if last else "├ ")
        under = [line for line in lines if line.parent == each.name and line is not each]
        yield from _branch(under, lines, "" if top else before + ("  " if last else "│ "))


def _sign(line: BranchView, present: BranchView, ghosts: set[str]) -> str:
    return "●" if line is present else "┄" if line.name in ghosts else " "


def _row(line: BranchView, stem: str, sign: str) -> str:
    loss, accuracy = _last(line.loss), _last(line.accuracy)
    return align_cells(
        (
            f"{sign} {stem}{line.name}",
            format_count(line.fork),
            format_count(line.tip),
            "—" if loss is None else format_number(loss),
            "—" if accuracy is None else format_percentage(accuracy),
        )
    )


def _last(series: Series) -> float | None:
    return float(series.values[-1]) if len(series) else None
