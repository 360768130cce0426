"""``tuitrain bench``: measure, write the report after every cell, print tables."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tuitrain.encoding import ascii_json, decode_text, read_bytes, write_line
from tuitrain.errors import TuitrainError
from tuitrain.scenario.report import ReportConsole, format_line
from tuitrain.text import visible, visible_lines

from . import peers, reports
from .parts import PartSpec, select_parts
from .plan import Case, Plan
from .progress import ProgressDisplay
from .results import Report
from .tables import (
    MAX_NAMED,
    fill_document,
    goals_table,
    markdown,
    measured_on,
    not_measured,
    problems,
    rich_table,
)
from .worker_pool import WorkerPool

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
    continue_from: Path | None = None,
) -> None:
    """Measure, and print tables or JSON to stdout; the report file grows cell by cell.

    Parameters
    ----------
    quick : measure few cells in few rounds, without torch.compile: a minute or two
    only : names of the parts to measure (default: all)
    json : print the report as JSON instead of tables
    out : file of a new report, as JSON
    rounds : values per cell (default: 5, or 3 where a process starts for each value; if quick 3,
        or 1)
    without : names of peers to leave out
    continue_from : file of a report to complete; created if missing

    Raises
    ------
    TuitrainError : an unknown part or peer, a file that cannot be written, or a report of another
        machine or with other settings
    """
    selected, contenders = select_parts(only), peers.select_peers(without, quick)
    if rounds is not None and rounds < 1:
        raise TuitrainError(f"--repeat takes a whole number from 1 up, but was given {rounds}")
    if out is not None and continue_from is not None:
        raise TuitrainError("--continue names the report already: --out does not go with it")
    path = out or continue_from
    if path is not None:
        reports.check_writable(path)
    report = reports.new_report(quick, rounds or (QUICK_ROUNDS if quick else ROUNDS), contenders)
    if continue_from is not None:
        report = reports.continue_report(continue_from, report)
    with WorkerPool() as pool, ProgressDisplay() as progress:
        plan = Plan(
            seconds=QUICK_SECONDS if quick else SECONDS,
            quick=quick,
            peers=contenders,
            on_progress=progress.show_current,
            pool=pool,
        )
        measurement = _Measurement(report, path, progress, quiet=json)
        report = measurement.run(selected, plan, rounds)
    if json:
        print(ascii_json(report))
    else:
        print_report(report)
    if measurement.write_error is not None:
        raise measurement.write_error


@dataclass
class _Measurement:
    """A report that is being measured.

    Attributes
    ----------
    path : file that is written after every cell; None for no file
    quiet : whether to print no tables after Ctrl-C
    write_error : why the last write failed; None if the file is complete
    """

    report: Report
    path: Path | None
    progress: ProgressDisplay
    quiet: bool
    write_error: TuitrainError | None = None

    def run(self, selected: Sequence[PartSpec], plan: Plan, rounds: int | None) -> Report:
        """Measure the missing cells of the selected parts, and return the report."""
        plans = {
            part.name: replace(
                plan, rounds=rounds or part.default_rounds(plan.quick, self.report.rounds)
            )
            for part in selected
        }
        planned = [(part, case) for part in selected for case in part.cases(plans[part.name])]
        missing = [(part, case) for part, case in planned if not self._is_measured(part, case)]
        cells = {part.name: part.cells(plans[part.name]) for part in selected}
        self.progress.begin([case for _, case in missing])
        try:
            for part, case in missing:
                self._add(part, cells[part.name], case)
        except KeyboardInterrupt:
            self._on_interrupt()
            raise
        return self.report

    def _is_measured(self, part: PartSpec, case: Case) -> bool:
        return reports.measured_cells(self.report, part.name).issuperset(case.cells)

    def _add(self, part: PartSpec, cells: Sequence[str], case: Case) -> None:
        rows = list(case.measure())
        self.report = reports.add_rows(self.report, part, cells, rows)
        self._write()
        self.progress.finish_case(case, rows)

    def _write(self) -> None:
        """Write the report; after a failure, as on a full disk, the next cell tries again."""
        self.write_error = None
        if self.path is None:
            return
        try:
            reports.write_report(self.path, self.report)
        except TuitrainError as error:
            self.write_error = error

    def _on_interrupt(self) -> None:
        if not self.quiet:
            print_report(self.report)
        if self.write_error is not None:
            write_line(f"tuitrain: {visible_lines(str(self.write_error))}", sys.stderr)
        elif self.path is not None:
            command = shlex.join(["tuitrain", "bench", "--continue", str(self.path)])
            write_line(f"to continue: {visible(command)}", sys.stderr)


def print_report(report: Report) -> None:
    """Print a report's tables, its goals, and the machine."""
    console = ReportConsole()
    if not console.is_terminal:  # a file has room for every column
        console = ReportConsole(width=FILE_WIDTH)
    absent = reports.missing_cells(report)
    for part in report.parts:
        console.print(rich_table(part))
        for problem in problems(part):
            console.print(format_line("  ", problem), style="yellow", highlight=False)
        if cells := absent.pop(part.name, []):
            total = f"{len(cells)} of {len(cells) + len(part.rows)} cells"
            names = cells if len(cells) <= MAX_NAMED else [total]
            console.print(format_line("  ", not_measured(names)), highlight=False)
        console.print()
    console.print(goals_table(report))
    console.print()
    if absent:
        parts = not_measured([f"the parts {', '.join(absent)}"])
        console.print(format_line(parts), highlight=False)
    console.print(format_line(measured_on(report)), highlight=False)


def write_markdown(report: Path, out: Path | None = None) -> None:
    """Print a report's tables as Markdown, or put them into the places of a document.

    Raises
    ------
    TuitrainError : a file that cannot be read or written, or is not a report
    """
    content = reports.read_report(report)
    absent = reports.missing_cells(content)
    if out is None:
        texts = [
            f"## {part.title}\n\n{markdown(part, absent.get(part.name, ()))}"
            for part in content.parts
        ]
        print(visible_lines("\n\n".join(texts)))
        return
    document = decode_text(read_bytes(out), out)
    try:
        filled = fill_document(document, content, absent)
    except TuitrainError as error:
        raise TuitrainError(f"{out}: {error}") from None
    reports.write_bytes(out, filled.encode())
