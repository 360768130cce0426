"""The branches of a run as a tree, with their fork, last step, loss and main metric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tuitrain.metric_info import MetricInfo
from tuitrain.run.snapshot import BranchView, RunInfo, Series, Snapshot

from ..charts.branch_curves import MAX_GHOSTS
from ..formatting import format_count, format_metric, format_number
from ..rows import ellipsize, ljust, rjust

_WIDTHS = (22, 10, 10, 9, 11)


@dataclass(frozen=True, slots=True)
class BranchRow:
    """A row of the tree.

    Attributes
    ----------
    name : name of the branch, as in the charts
    text : the whole row
    is_current : whether it is the present branch
    """

    name: str
    text: str
    is_current: bool


def branch_titles(info: RunInfo) -> tuple[str, ...]:
    """Return the titles of the columns."""
    main = ellipsize(info.main_metric.name, _WIDTHS[-1])
    return ("  branch", "from step", "to step", "loss", main)


def branch_rows(snapshot: Snapshot) -> list[BranchRow]:
    """Return the rows, each branch under its parent, the earliest fork first.

    ``●`` marks the present branch, ``┄`` a branch that is a ghost in the charts, ``★`` the best
    last value of the main metric.
    """
    present = BranchView(
        snapshot.branch,
        snapshot.fork,
        snapshot.step,
        snapshot.loss,
        snapshot.metrics,
        snapshot.parent,
    )
    branches = [*snapshot.branches, present]
    ghosts = {branch.name for branch in snapshot.branches[-MAX_GHOSTS:]}
    main = snapshot.info.main_metric
    values = [branch.metrics.get(main.name, Series()).last for branch in branches]
    best = main.best([value for value in values if value is not None])
    return [
        BranchRow(
            branch.name,
            _row(branch, stem, _sign(branch, present, ghosts), main, best),
            branch is present,
        )
        for branch, stem in _in_order(branches)
    ]


def align_cells(texts: Sequence[str]) -> str:
    """Join cells to a row that is aligned with the titles."""
    name, *numbers = zip(texts, _WIDTHS, strict=True)
    return " ".join([ljust(*name), *(rjust(*number) for number in numbers)])


def _in_order(branches: Sequence[BranchView]) -> Iterator[tuple[BranchView, str]]:
    """Walk the tree from its roots; yield each branch with the stem before its name."""
    names = {branch.name for branch in branches}
    roots = [branch for branch in branches if branch.parent not in names - {branch.name}]
    yield from _walk(roots, branches, "", is_root=True)


def _walk(
    siblings: Sequence[BranchView],
    branches: Sequence[BranchView],
    stem: str,
    is_root: bool = False,
) -> Iterator[tuple[BranchView, str]]:
    ordered = sorted(siblings, key=lambda branch: (branch.fork, branch.name))
    for branch in ordered:
        is_last = branch is ordered[-1]
        yield branch, "" if is_root else stem + ("└ " if is_last else "├ ")
        children = [
            child for child in branches if child.parent == branch.name and child is not branch
        ]
        yield from _walk(children, branches, "" if is_root else stem + ("  " if is_last else "│ "))


def _sign(branch: BranchView, present: BranchView, ghosts: set[str]) -> str:
    return "●" if branch is present else "┄" if branch.name in ghosts else " "


def _row(branch: BranchView, stem: str, sign: str, main: MetricInfo, best: float | None) -> str:
    loss, value = branch.loss.last, branch.metrics.get(main.name, Series()).last
    return align_cells(
        (
            f"{sign} {stem}{branch.name}",
            format_count(branch.fork),
            format_count(branch.tip),
            "—" if loss is None else format_number(loss),
            "—" if value is None else "★ " * (value == best) + format_metric(main, value),
        )
    )
