"""``tuitrain bench``: measures, shows tables, writes the report."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tuitrain.errors import TuitrainError

from . import peers
from .machine import machine
from .parts import Chosen, choose
from .peers import PEERS, Peer
from .plan import Plan
from .results import Part, Report
from .tables import filled_in, markdown, problems, rich_table, told

ROUNDS, SECONDS = 7, 0.5
QUICK_ROUNDS, QUICK_SECONDS = 3, 0.2


def bench(
    quick: bool = False,
    only: Sequence[str] = (),
    json: bool = False,
    out: Path | None = None,
    rounds: int | None = None,
    without: Sequence[str] = (),
) -> None:
    """Measure, print tables (or JSON) to stdout, and write the report to a file.

    Parameters
    ----------
    quick : few cells, few rounds, without torch.compile: a minute or two
    only : names of parts; none: all
    json : print the report as JSON, and nothing else
    out : where to write the report as JSON
    rounds : values of everything (default: 7; 3 if quick, and 1 where each starts a process)
    without : names of peers that are not measured

    Raises
    ------
    TuitrainError : a part or a peer that there is not, or a file that cannot be written
    """
    parts, contenders = choose(only), peers.chosen(without, quick)
    if rounds is not None and rounds < 1:
        raise TuitrainError(f"--repeat takes a whole number from 1 up, but was given {rounds}")
    if out is not None:
        _check_writable(out)
    console = Console()
    with _progress(shared=None if json else console) as show:
        report = _measured(parts, contenders, quick, rounds, show, None if json else console)
    if out is not None:
        _write(out, msgspec.json.format(msgspec.json.encode(report)))
    if json:
        print(msgspec.json.encode(report).decode())


def write_markdown(report: Path, out: Path | None = None) -> None:
    """Print a report's tables as Markdown, or put them into the places of a document.

    Raises
    ------
    TuitrainError : a file cannot be read or written, or is something else
    """
    found = _read(report)
    if out is None:
        print("\n\n".join(f"## {part.title}\n\n{markdown(part)}" for part in found.parts))
        return
    try:
        document = out.read_text("utf-8")
    except OSError as error:
        raise TuitrainError(f"{out} cannot be read: {error.strerror}") from None
    try:
        _write(out, filled_in(document, found).encode())
    except TuitrainError as mistake:
        raise TuitrainError(f"{out}: {mistake}") from None


def _measured(
    chosen: Sequence[Chosen],
    contenders: Sequence[Peer],
    quick: bool,
    given: int | None,
    show: Progress,
    console: Console | None,
) -> Report:
    began = datetime.now().astimezone().isoformat(timespec="seconds")
    on = machine()
    parts = []
    for number, part in enumerate(chosen, start=1):
        task = show.add_task("")
        place = f"[{number}/{len(chosen)}] {part.name}"

        def tell(text: str, task=task, place=place) -> None:
            show.update(task, description=escape(f"{place}: {text}"))

        plan = Plan(
            rounds=given or _rounds(quick, part),
            seconds=QUICK_SECONDS if quick else SECONDS,
            quick=quick,
            peers=contenders,
            tell=tell,
        )
        measured = part.measure(plan)
        parts.append(Part(part.name, part.title, tuple(measured)))
        show.remove_task(task)
        if console is not None:
            _print(console, parts[-1])
    report = Report(
        date=began,
        quick=quick,
        rounds=given or (QUICK_ROUNDS if quick else ROUNDS),
        machine=on,
        not_installed=tuple(each.name for each in PEERS if not each.installed),
        left_out=tuple(each.name for each in PEERS if each.installed and each not in contenders),
        parts=tuple(parts),
    )
    if console is not None:
        console.print(told(report), highlight=False)
    return report


def _rounds(quick: bool, part: Chosen) -> int:
    if not quick:
        return ROUNDS
    return 1 if part.starts else QUICK_ROUNDS


def _print(console: Console, part: Part) -> None:
    console.print(rich_table(part))
    for problem in problems(part):
        console.print(f"  ✗ {escape(problem)}", style="red", highlight=False)
    console.print()


@contextmanager
def _progress(shared: Console | None) -> Iterator[Progress]:
    """Show what is being measured, where somebody can see it; stdout is for tables."""
    on_terminal = shared is not None and shared.is_terminal
    console = shared if shared is not None and on_terminal else Console(file=sys.stderr)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        disable=not console.is_terminal,
        refresh_per_second=2,
    ) as progress:
        yield progress


def _check_writable(out: Path) -> None:
    """Find out before the measuring, not after it, that a file cannot be written."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.open("ab").close()
    except OSError as error:
        raise TuitrainError(f"{out} cannot be written: {error.strerror}") from None


def _read(path: Path) -> Report:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError as error:
        raise TuitrainError(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise TuitrainError(f"{path} is no report of the benchmark: {error}") from None


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise TuitrainError(f"{path} cannot be written: {error.strerror}") from None
