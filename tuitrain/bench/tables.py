"""The report as tables, for a terminal and for a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.table import Table
from rich.text import Text

from tuitrain.errors import TuitrainError, did_you_mean, join_or
from tuitrain.text import visible

from . import parts
from .formatting import Line, line
from .goals import Standing, standings
from .results import Part, Report

_COLUMNS: dict[str, Callable[[Line], str]] = {
    "": lambda each: each.cell,
    "measured": lambda each: each.subject,
    "best other": lambda each: each.other,
    "ratio (quartiles)": lambda each: each.ratio,
    "expected": lambda each: each.expected,
    "goal": lambda each: each.goal,
}


FIRST_COLUMN = 20
"""Characters of a cell's name at the least, however narrow the terminal is."""

MOST_NAMED = 4
"""Cells that are named one by one where something went wrong; of more there is the number."""


def rich_table(part: Part) -> Table:
    """Return a part as a table for a terminal; the ratio is how many times better we are."""
    columns, lines = _filled(part)
    table = Table(title=_title(part.title), title_justify="left", show_edge=False)
    for name in columns:
        width = None if name else FIRST_COLUMN
        justify = "right" if name else "left"
        table.add_column(name, justify=justify, no_wrap=bool(name), min_width=width)
    for each in lines:
        table.add_row(*[Text(visible(text(each))) for text in columns.values()])
    return table


def _title(text: str) -> Text:
    return Text(visible(text), style="bold")


def goals_table(report: Report) -> Table:
    """Return how far each goal is met as a table for a terminal."""
    table = Table(title=_title("Goals"), title_justify="left", show_edge=False)
    header, *rows = _goal_rows(report)
    for name in header:
        table.add_column(name, no_wrap=name != "furthest from it")
    for row in rows:
        table.add_row(*(Text(visible(each)) for each in row))
    return table


def problems(part: Part) -> Iterator[str]:
    """Say who could not be measured in which cells, and why."""
    cells: dict[tuple[str, str], list[str]] = {}
    for row in part.rows:
        for name, trials in row.trials.items():
            if trials.problem:
                cells.setdefault((name, trials.problem), []).append(row.cell)
    for (name, problem), where in cells.items():
        few = len(where) <= MOST_NAMED
        told = "; ".join(where) if few else f"{len(where)} of {len(part.rows)} rows"
        yield f"{name}: {problem} ({told})"


def not_measured(cells: Sequence[str]) -> str:
    """Say which cells are missing."""
    return f"Not measured: {'; '.join(cells)}."


def markdown(part: Part, missing: Sequence[str] = ()) -> str:
    """Return a part as a table in Markdown, with what could not be, or was not, measured below."""
    columns, lines = _filled(part)
    rows = [list(columns), *[[text(each) for text in columns.values()] for each in lines]]
    notes = [f"- {each}" for each in problems(part)]
    blocks = [_markdown_table(rows), "\n".join(notes), not_measured(missing) if missing else ""]
    return "\n\n".join(each for each in blocks if each)


def filled_in(document: str, report: Report, missing: Mapping[str, Sequence[str]]) -> str:
    """Return a document with the tables between ``<!-- bench PART -->`` and ``<!-- end -->``.

    All that stands there is of this report: of a part that it has not, that it was not measured.

    Parameters
    ----------
    missing : by part, the cells that were not measured

    Raises
    ------
    TuitrainError : the document has no place for a part of the report
    """
    texts = {part.name: markdown(part, missing.get(part.name, ())) for part in report.parts}
    texts |= {"machine": told(report), "goals": _markdown_table(list(_goal_rows(report)))}
    places = re.findall(r"<!-- bench (\S+) -->", document)
    for name in texts:
        if name not in places:
            raise TuitrainError(
                f"no place for the part {name!r}: the document lacks <!-- bench {name} -->"
                f"{did_you_mean(name, places)} (it has {join_or(places) or 'none'})"
            )
    texts = dict.fromkeys(parts.TITLES, "Not measured.") | texts

    def replaced(found: re.Match[str]) -> str:
        text = texts.get(found[1])
        return found[0] if text is None else f"<!-- bench {found[1]} -->\n{text}\n<!-- end -->"

    return re.sub(r"<!-- bench (\S+) -->\n.*?<!-- end -->", replaced, document, flags=re.DOTALL)


def told(report: Report) -> str:
    """Say in a sentence or two what the report was measured on."""
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
        f"{machine.get('system', '?')}; {versions}. {_days(report)}, "
        f"at most {report.rounds} round{'s' * (report.rounds != 1)}"
        f"{' (quick)' if report.quick else ''}.{missing}"
    )


def _days(report: Report) -> str:
    first, last = report.date[:10], report.updated[:10]
    return f"{first} to {last}" if last and last != first else first


def _goal_rows(report: Report) -> Iterator[list[str]]:
    """Return the table of goals, its header first."""
    yield ["goal", "of", "met in", "furthest from it"]
    for each in standings(report):
        yield [each.goal.title, each.goal.wanted, _met_in(each), _furthest(each)]


def _met_in(standing: Standing) -> str:
    if not standing.measured:
        return "not measured"
    return f"{standing.met} of {standing.measured}"


def _furthest(standing: Standing) -> str:
    if standing.furthest is None:
        return ""
    told = line(standing.furthest)
    found = told.subject if standing.goal.figure == "seconds" else told.ratio
    return f"{told.cell}: {found}"


def _markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows, the header first; what has no name, and the goals, are on the left."""
    header = rows[0]
    lines = ["---" if name in ("", "goal", "of", "furthest from it") else "--:" for name in header]
    cells = [header, lines, *[[each.replace("|", "\\|") for each in row] for row in rows[1:]]]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def _filled(part: Part) -> tuple[dict[str, Callable[[Line], str]], list[Line]]:
    """Return the columns in which some row has something, and the rows."""
    lines = [line(row) for row in part.rows]
    columns = {
        name: text
        for name, text in _COLUMNS.items()
        if name in ("", "measured") or any(text(each) for each in lines)
    }
    return columns, lines
