"""Report files: create, continue, extend cell by cell, write atomically."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from tuitrain.atomic_io import write_atomic
from tuitrain.decoding import decode_json
from tuitrain.encoding import decode_text, read_bytes
from tuitrain.errors import TuitrainError

from . import parts
from .goals import with_goal
from .machine import code_digest, describe_machine
from .parts import PartSpec
from .peers import PEERS, Peer
from .plan import Plan, thread_counts
from .results import Part, Report, Row

_VARYING = ("load",)
"""Properties that may differ between two runs on the same machine."""

_Item = TypeVar("_Item")

_DECODER: Final = msgspec.json.Decoder(Report)


def new_report(quick: bool, rounds: int, contenders: Sequence[Peer]) -> Report:
    """Return a report of this machine, without cells."""
    return Report(
        date=_now(),
        quick=quick,
        rounds=rounds,
        machine=describe_machine(),
        not_installed=tuple(peer.name for peer in PEERS if not peer.installed),
        left_out=tuple(peer.name for peer in PEERS if peer.installed and peer not in contenders),
        codes=(code_digest(),),
        parts=(),
    )


def continue_report(path: Path, new: Report) -> Report:
    """Return the report in a file; the new one if the file is missing or empty.

    Raises
    ------
    TuitrainError : the report cannot be read, or is of another machine or other settings
    """
    if not path.exists() or not path.stat().st_size:
        return new
    old = read_report(path)
    for name in sorted({*old.machine, *new.machine}.difference(_VARYING)):
        before, now = (report.machine.get(name, "unknown") for report in (old, new))
        if before != now:
            raise TuitrainError(
                f"{path} cannot be continued: it was measured with {name} {before!r}, and here "
                f"it is {now!r} (--out writes a new report)"
            )
    for name, option in (("quick", "--quick"), ("rounds", "--repeat")):
        before, now = getattr(old, name), getattr(new, name)
        if before != now:
            raise TuitrainError(
                f"{path} cannot be continued: it was measured with {name} = {before}, and now "
                f"it is {now} ({option} decides)"
            )
    left_out = tuple(dict.fromkeys((*old.left_out, *new.left_out)))
    codes = tuple(dict.fromkeys((*old.codes, *new.codes)))
    return msgspec.structs.replace(old, left_out=left_out, codes=codes)


def measured_cells(report: Report, part: str) -> set[str]:
    """Return the cells of a part in a report whose subject has a value."""
    return {
        row.cell
        for entry in report.parts
        if entry.name == part
        for row in entry.rows
        if row.subject in row.trials and row.trials[row.subject].values
    }


def missing_cells(report: Report) -> dict[str, list[str]]:
    """Return, by part, the cells of a complete run on that machine that a report lacks."""
    cores = report.machine.get("cores", "")
    threads = thread_counts(int(cores) if re.fullmatch("[0-9]{1,4}", cores) else 1)
    plan = Plan(quick=report.quick, threads=threads, peers=())
    present = {part.name: {row.cell for row in part.rows} for part in report.parts}
    return {
        part.name: [cell for cell in part.cells(plan) if cell not in present.get(part.name, ())]
        for part in parts.select_parts([])
    }


def add_rows(report: Report, part: PartSpec, cells: Sequence[str], rows: Iterable[Row]) -> Report:
    """Return a report with additional rows of a part, in the order of ``cells``, with goals."""
    old = next((entry.rows for entry in report.parts if entry.name == part.name), ())
    by_cell = {row.cell: row for row in old} | {row.cell: with_goal(part.name, row) for row in rows}
    new = Part(part.name, part.title, tuple(_in_order(by_cell, cells)))
    by_name = {entry.name: entry for entry in report.parts} | {part.name: new}
    ordered = tuple(_in_order(by_name, parts.TITLES))
    return msgspec.structs.replace(report, parts=ordered, updated=_now())


def read_report(path: Path) -> Report:
    """Read a report, and judge it by the current goals.

    Raises
    ------
    TuitrainError : the file cannot be read, or is not a report
    """
    content = decode_text(read_bytes(path), path).encode()
    report = decode_json(content, _DECODER, f"{path} is not a report of the benchmark")
    judged = [
        Part(part.name, part.title, tuple(with_goal(part.name, row) for row in part.rows))
        for part in report.parts
    ]
    return msgspec.structs.replace(report, parts=tuple(judged))


def write_report(path: Path, report: Report) -> None:
    """Write a report atomically.

    Raises
    ------
    TuitrainError : the file cannot be written
    """
    write_bytes(path, msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically.

    Raises
    ------
    TuitrainError : the file cannot be written
    """
    try:
        write_atomic(path, content)
    except OSError as error:
        raise TuitrainError(f"{path} cannot be written: {error.strerror}") from None


def check_writable(path: Path) -> None:
    """Check before the measurement that a file can be written.

    Raises
    ------
    TuitrainError : the file cannot be written
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        path.open("ab").close()
        if is_new:
            path.unlink()
    except OSError as error:
        raise TuitrainError(f"{path} cannot be written: {error.strerror}") from None


def _in_order(items: dict[str, _Item], order: Iterable[str]) -> Iterable[_Item]:
    """Return the items in an order of names, then the items that it does not name."""
    names = [name for name in order if name in items]
    return [items[name] for name in dict.fromkeys((*names, *items))]


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
