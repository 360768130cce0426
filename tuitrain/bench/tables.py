"""The report as tables, for a terminal and for a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rich.markup import escape
from rich.table import Table

from tuitrain.errors import TuitrainError, listed, nearest

from .figures import Line, line
from .results import Part, Report

_COLUMNS: dict[str, Callable[[Line], str]] = {
    "": lambda each: each.cell,
    "measured": lambda each: each.subject,
    "best other": lambda each: each.other,
    "ratio (quartiles)": lambda each: each.ratio,
    "expected": lambda each: each.expected,
}


def rich_table(part: Part) -> Table:
    """Return a part as a table for a terminal; the ratio is how many times better we are."""
    columns, lines = _filled(part)
    table = Table(title=part.title, title_justify="left", title_style="bold", show_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name else "left", no_wrap=bool(name))
    for each in lines:
        table.add_row(*[escape(text(each)) for text in columns.values()])
    return table


def problems(part: Part) -> Iterator[str]:
    """Say what could not be measured, and why."""
    for row in part.rows:
        yield from line(row).problems


def markdown(part: Part) -> str:
    """Return a part as a table in Markdown."""
    columns, lines = _filled(part)
    rows = [list(columns), ["---" if name == "" else "--:" for name in columns]]
    rows += [[text(each).replace("|", "\\|") for text in columns.values()] for each in lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def filled_in(document: str, report: Report) -> str:
    """Return a document with the tables between ``<!-- bench PART -->`` and ``<!-- end -->``.

    A part that the report has not keeps what stands there.

    Raises
    ------
    TuitrainError : the document has no place for a part of the report
    """
    texts = {part.name: markdown(part) for part in report.parts} | {"machine": told(report)}
    places = re.findall(r"<!-- bench (\S+) -->", document)
    for name in texts:
        if name not in places:
            raise TuitrainError(
                f"no place for the part {name!r}: the document lacks <!-- bench {name} -->"
                f"{nearest(name, places)} (it has {listed(places) or 'none'})"
            )

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
    return (
        f"{machine.get('cpu', '?')}, {machine.get('cores', '?')} cores, "
        f"{machine.get('system', '?')}; {versions}. {report.date[:10]}, "
        f"{report.rounds} round{'s' * (report.rounds != 1)}"
        f"{' (quick)' if report.quick else ''}.{missing}"
    )


def _filled(part: Part) -> tuple[dict[str, Callable[[Line], str]], list[Line]]:
    """Return the columns in which some row has something, and the rows."""
    lines = [line(row) for row in part.rows]
    columns = {
        name: text
        for name, text in _COLUMNS.items()
        if name in ("", "measured") or any(text(each) for each in lines)
    }
    return columns, lines
