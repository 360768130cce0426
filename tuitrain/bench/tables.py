"""A report as tables: for a terminal, and in Markdown for a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.table import Table
from rich.text import Text

from tuitrain.errors import TuitrainError, did_you_mean
from tuitrain.text import visible

from . import parts
from .formatting import FormattedRow, format_row
from .goals import GoalResult, goal_results
from .results import Part, Report

_COLUMNS: dict[str, Callable[[FormattedRow], str]] = {
    "": lambda row: row.cell,
    "measured": lambda row: row.subject,
    "best other": lambda row: row.other,
    "ratio (quartiles)": lambda row: row.ratio,
    "expected": lambda row: row.expected,
    "goal": lambda row: row.goal,
}

FIRST_COLUMN = 20
"""Minimum width of the first column in characters."""

MAX_NAMED = 4
"""Maximum number of cells that a note names; of more it says the number."""


def rich_table(part: Part) -> Table:
    """Return a part as a table for a terminal; a ratio says how many times better tuitrain is."""
    columns, rows = _filled_columns(part)
    table = Table(title=_title(part.title), title_justify="left", show_edge=False)
    for name in columns:
        width = None if name else FIRST_COLUMN
        justify = "right" if name else "left"
        table.add_column(name, justify=justify, no_wrap=bool(name), min_width=width)
    for row in rows:
        table.add_row(*[Text(visible(text(row))) for text in columns.values()])
    return table


def _title(text: str) -> Text:
    return Text(visible(text), style="bold")


def goals_table(report: Report) -> Table:
    """Return the goals of a report as a table for a terminal."""
    table = Table(title=_title("Goals"), title_justify="left", show_edge=False)
    header, *rows = _goal_rows(report)
    for name in header:
        table.add_column(name, no_wrap=name != "furthest from it")
    for row in rows:
        table.add_row(*(Text(visible(text)) for text in row))
    return table


def problems(part: Part) -> Iterator[str]:
    """Yield a line for each problem: the contender, the reason, and the cells."""
    cells: dict[tuple[str, str], list[str]] = {}
    for row in part.rows:
        for name, trials in row.trials.items():
            if trials.problem:
                cells.setdefault((name, trials.problem), []).append(row.cell)
    for (name, problem), names in cells.items():
        few = len(names) <= MAX_NAMED
        where = "; ".join(names) if few else f"{len(names)} of {len(part.rows)} rows"
        yield f"{name}: {problem} ({where})"


def not_measured(cells: Sequence[str]) -> str:
    """Return a sentence that names missing cells."""
    return f"Not measured: {'; '.join(cells)}."


def markdown(part: Part, missing: Sequence[str] = ()) -> str:
    """Return a part as a Markdown table, with notes about problems and missing cells."""
    columns, formatted = _filled_columns(part)
    rows = [list(columns), *[[text(row) for text in columns.values()] for row in formatted]]
    notes = [f"- {problem}" for problem in problems(part)]
    blocks = [_markdown_table(rows), "\n".join(notes), not_measured(missing) if missing else ""]
    return "\n\n".join(block for block in blocks if block)


def fill_document(document: str, report: Report, missing: Mapping[str, Sequence[str]]) -> str:
    """Put the tables of a report between ``<!-- bench PART -->`` and ``<!-- end -->``.

    The places of parts that the report lacks say that they were not measured.

    Parameters
    ----------
    missing : by part, the cells that were not measured

    Raises
    ------
    TuitrainError : the document has no place for a part of the report
    """
    texts = {part.name: markdown(part, missing.get(part.name, ())) for part in report.parts}
    texts |= {"machine": measured_on(report), "goals": _markdown_table(list(_goal_rows(report)))}
    places = re.findall(r"<!-- bench (\S+) -->", document)
    for name in texts:
        if name not in places:
            raise TuitrainError(
                f"no place for the part {name!r}: the document lacks <!-- bench {name} -->"
                f"{did_you_mean(name, places)} (it has {', '.join(places) or 'none'})"
            )
    texts = dict.fromkeys(parts.TITLES, "Not measured.") | texts

    def fill(place: re.Match[str]) -> str:
        text = texts.get(place[1])
        return place[0] if text is None else f"<!-- bench {place[1]} -->\n{text}\n<!-- end -->"

    return re.sub(r"<!-- bench (\S+) -->\n.*?<!-- end -->", fill, document, flags=re.DOTALL)


def measured_on(report: Report) -> str:
    """Describe the machine, the versions and the settings of a report in a few sentences."""
    machine = report.machine
    versions = ", ".join(
        f"{name} {machine[name]}"
        for name in ("tuitrain", "python", "numpy", "numba", "torch", "jax")
        if machine.get(name, "not installed") != "not installed"
    )
    missing = f" Not installed: {', '.join(report.not_installed)}." if report.not_installed else ""
    if report.left_out:
        missing += f" Left out: {', '.join(report.left_out)}."
    if len(report.codes) > 1:
        missing += f" In pieces, with {len(report.codes)} states of tuitrain's code."
    return (
        f"{machine.get('cpu', '?')}, {machine.get('cores', '?')} cores, "
        f"{machine.get('system', '?')}; {versions}. {_dates(report)}, "
        f"at most {report.rounds} round{'s' * (report.rounds != 1)}"
        f"{' (quick)' if report.quick else ''}.{missing}"
    )


def _dates(report: Report) -> str:
    first, last = report.date[:10], report.updated[:10]
    return f"{first} to {last}" if last and last != first else first


def _goal_rows(report: Report) -> Iterator[list[str]]:
    """Yield the rows of the table of goals, the header first."""
    yield ["goal", "of", "met in", "furthest from it"]
    for result in goal_results(report):
        yield [result.goal.title, result.goal.target_text, _met_in(result), _furthest(result)]


def _met_in(result: GoalResult) -> str:
    if not result.measured:
        return "not measured"
    return f"{result.met} of {result.measured}"


def _furthest(result: GoalResult) -> str:
    if result.furthest is None:
        return ""
    row = format_row(result.furthest)
    return f"{row.cell}: {row.subject if result.goal.figure == 'seconds' else row.ratio}"


def _markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows, the header first, as Markdown; text columns are aligned at the left."""
    header = rows[0]
    rules = ["---" if name in ("", "goal", "of", "furthest from it") else "--:" for name in header]
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows[1:]]
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, rules, *escaped])


def _filled_columns(
    part: Part,
) -> tuple[dict[str, Callable[[FormattedRow], str]], list[FormattedRow]]:
    """Return the columns in which some row has text, and the rows."""
    rows = [format_row(row) for row in part.rows]
    columns = {
        name: text
        for name, text in _COLUMNS.items()
        if name in ("", "measured") or any(text(row) for row in rows)
    }
    return columns, rows
