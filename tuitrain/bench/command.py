"""``tuitrain bench``: measures, writes the report after every cell, shows tables."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tuitrain.encoding import ascii_json, decode_text, read_bytes, write_line
from tuitrain.errors import TuitrainError
from tuitrain.scenario.report import ReportConsole, line
from tuitrain.text import visible, visible_lines

from . import peers, reports
from .parts import Chosen, choose
from .plan import Case, Plan
from .progress import Shown
from .results import Report
from .tables import (
    MOST_NAMED,
    filled_in,
    goals_table,
    markdown,
    not_measured,
    problems,
    rich_table,
    told,
)
from .worker_pool import Crew

ROUNDS, SECONDS = 5, 0.3
QUICK_ROUNDS, QUICK_SECONDS = 3, 0.2
FILE_WIDTH = 150


def bench(
    quick: bool = False,
    only: Sequence[str] = (),
    json: bool = False,
    out: Path | None = None,
    rounds: int | None = None,
    without: Sequence[str] = (),
    going_on: Path | None = None,
) -> None:
    """Measure, and print tables (or JSON) to stdout; the report's file grows cell by cell.

    Parameters
    ----------
    quick : few cells, few rounds, without torch.compile: a minute or two
    only : names of parts; none: all
    json : print the report as JSON, and nothing else
    out : where to write the report as JSON, from the beginning
    rounds : values of everything (default: 5, or 3 where a process starts for each; if quick 3, or
        1)
    without : names of peers that are not measured
    going_on : a report whose missing cells are measured and added to it; begun if there is none

    Raises
    ------
    TuitrainError : a part or a peer that there is not, a file that cannot be written, or a report
        that was measured on another machine or in another way
    """
    chosen, contenders = choose(only), peers.chosen(without, quick)
    if rounds is not None and rounds < 1:
        raise TuitrainError(f"--repeat takes a whole number from 1 up, but was given {rounds}")
    if out is not None and going_on is not None:
        raise TuitrainError("--continue names the report already: --out does not go with it")
    path = out or going_on
    if path is not None:
        reports.check_writable(path)
    report = reports.begun(quick, rounds or (QUICK_ROUNDS if quick else ROUNDS), contenders)
    if going_on is not None:
        report = reports.gone_on_with(going_on, report)
    with Crew() as crew, Shown() as shown:
        plan = Plan(
            seconds=QUICK_SECONDS if quick else SECONDS,
            quick=quick,
            peers=contenders,
            tell=shown.doing,
            crew=crew,
        )
        measuring = _Bench(report, path, shown, quiet=json)
        report = measuring.measure(chosen, plan, rounds)
    if json:
        print(ascii_json(report))
    else:
        show(report)
    if measuring.unwritten is not None:
        raise measuring.unwritten


@dataclass
class _Bench:
    """A report that is being measured.

    Attributes
    ----------
    path : where it is written after every cell; None: nowhere
    quiet : whether nothing is printed of one that was stopped
    unwritten : why the file lacks what was measured; None if it has all of it
    """

    report: Report
    path: Path | None
    shown: Shown
    quiet: bool
    unwritten: TuitrainError | None = None

    def measure(self, chosen: Sequence[Chosen], plan: Plan, rounds: int | None) -> Report:
        """Measure what is missing of the parts, and return the report."""
        plans = {
            each.name: replace(plan, rounds=rounds or each.rounds(plan.quick, self.report.rounds))
            for each in chosen
        }
        planned = [(each, case) for each in chosen for case in each.cases(plans[each.name])]
        left = [(part, case) for part, case in planned if not self._has(part, case)]
        cells = {each.name: each.cells(plans[each.name]) for each in chosen}
        self.shown.begin([case for _, case in left])
        try:
            for part, case in left:
                self._add(part, cells[part.name], case)
        except KeyboardInterrupt:
            self._stopped()
            raise
        return self.report

    def _has(self, part: Chosen, case: Case) -> bool:
        return reports.measured(self.report, part.name).issuperset(case.cells)

    def _add(self, part: Chosen, cells: Sequence[str], case: Case) -> None:
        rows = list(case.measure())
        self.report = reports.added(self.report, part, cells, rows)
        self._write()
        self.shown.done(case, rows)

    def _write(self) -> None:
        """Write the report; on a full disk the measuring goes on, and the next cell tries anew."""
        self.unwritten = None
        if self.path is None:
            return
        try:
            reports.write(self.path, self.report)
        except TuitrainError as problem:
            self.unwritten = problem

    def _stopped(self) -> None:
        if not self.quiet:
            show(self.report)
        if self.unwritten is not None:
            write_line(f"tuitrain: {visible_lines(str(self.unwritten))}", sys.stderr)
        elif self.path is not None:
            again = shlex.join(["tuitrain", "bench", "--continue", str(self.path)])
            write_line(f"{visible(again)} goes on from here", sys.stderr)


def show(report: Report) -> None:
    """Print a report's tables, how far its goals are met, and what it was measured on."""
    console = ReportConsole()
    if not console.is_terminal:  # a file has room for every column
        console = ReportConsole(width=FILE_WIDTH)
    absent = reports.missing(report)
    for part in report.parts:
        console.print(rich_table(part))
        for problem in problems(part):
            console.print(line("  ", problem), style="yellow", highlight=False)
        if cells := absent.pop(part.name, []):
            many = f"{len(cells)} of {len(cells) + len(part.rows)} cells"
            told_of = cells if len(cells) <= MOST_NAMED else [many]
            console.print(line("  ", not_measured(told_of)), highlight=False)
        console.print()
    console.print(goals_table(report))
    console.print()
    if absent:
        parts = not_measured([f"the parts {', '.join(absent)}"])
        console.print(line(parts), highlight=False)
    console.print(line(told(report)), highlight=False)


def write_markdown(report: Path, out: Path | None = None) -> None:
    """Print a report's tables as Markdown, or put them into the places of a document.

    Raises
    ------
    TuitrainError : a file cannot be read or written, or is something else
    """
    found = reports.read(report)
    absent = reports.missing(found)
    if out is None:
        texts = [
            f"## {part.title}\n\n{markdown(part, absent.get(part.name, ()))}"
            for part in found.parts
        ]
        print(visible_lines("\n\n".join(texts)))
        return
    document = decode_text(read_bytes(out), out)
    try:
        filled = filled_in(document, found, absent)
    except TuitrainError as mistake:
        raise TuitrainError(f"{out}: {mistake}") from None
    reports.write_bytes(out, filled.encode())
