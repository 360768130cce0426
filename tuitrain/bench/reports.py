"""Reports on disk: begun, gone on with, added to cell by cell, written whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from tuitrain.decoding import decode_json
from tuitrain.encoding import decode_text, read_bytes
from tuitrain.errors import TuitrainError
from tuitrain.run.disk import write_whole

from . import parts
from .goals import judged
from .machine import code, machine
from .parts import Chosen
from .peers import PEERS, Peer
from .plan import Plan, threads_for
from .results import Part, Report, Row

_OF_THE_MOMENT = ("load",)
"""What may be different of the same machine."""

_Item = TypeVar("_Item")

_DECODER: Final = msgspec.json.Decoder(Report)


def begun(quick: bool, rounds: int, contenders: Sequence[Peer]) -> Report:
    """Return a report of this machine, without a cell so far."""
    return Report(
        date=_now(),
        quick=quick,
        rounds=rounds,
        machine=machine(),
        not_installed=tuple(each.name for each in PEERS if not each.installed),
        left_out=tuple(each.name for each in PEERS if each.installed and each not in contenders),
        codes=(code(),),
        parts=(),
    )


def gone_on_with(path: Path, new: Report) -> Report:
    """Return the report in a file, to be gone on with; the new one if there is no such file.

    Raises
    ------
    TuitrainError : it cannot be read, or was measured elsewhere or otherwise
    """
    if not path.exists() or not path.stat().st_size:
        return new
    found = read(path)
    for name in sorted({*found.machine, *new.machine}.difference(_OF_THE_MOMENT)):
        there, here = (each.machine.get(name, "unknown") for each in (found, new))
        if there != here:
            raise TuitrainError(
                f"{path} cannot be gone on with: it was measured with {name} {there!r}, and here "
                f"it is {here!r} (--out writes a new report)"
            )
    for name, option in (("quick", "--quick"), ("rounds", "--repeat")):
        there, here = getattr(found, name), getattr(new, name)
        if there != here:
            raise TuitrainError(
                f"{path} cannot be gone on with: it was measured with {name} = {there}, and now "
                f"it is {here} ({option} decides)"
            )
    left_out = tuple(dict.fromkeys((*found.left_out, *new.left_out)))
    codes = tuple(dict.fromkeys((*found.codes, *new.codes)))
    return msgspec.structs.replace(found, left_out=left_out, codes=codes)


def measured(report: Report, part: str) -> set[str]:
    """Return the cells that a report has of a part; one whose subject failed does not count."""
    return {
        row.cell
        for each in report.parts
        if each.name == part
        for row in each.rows
        if row.subject in row.trials and row.trials[row.subject].values
    }


def missing(report: Report) -> dict[str, list[str]]:
    """Return, by part, the cells that a whole run on that machine would have besides these."""
    cores = report.machine.get("cores", "")
    threads = threads_for(int(cores) if re.fullmatch("[0-9]{1,4}", cores) else 1)
    plan = Plan(quick=report.quick, threads=threads, peers=())
    named = {each.name: {row.cell for row in each.rows} for each in report.parts}
    return {
        part.name: [each for each in part.cells(plan) if each not in named.get(part.name, ())]
        for part in parts.choose([])
    }


def added(report: Report, part: Chosen, cells: Sequence[str], rows: Iterable[Row]) -> Report:
    """Return a report with more rows of a part, in the order of ``cells``, with their goals."""
    old = next((each.rows for each in report.parts if each.name == part.name), ())
    by_cell = {row.cell: row for row in old} | {row.cell: judged(part.name, row) for row in rows}
    whole = Part(part.name, part.title, tuple(_in_order(by_cell, cells)))
    by_name = {each.name: each for each in report.parts} | {part.name: whole}
    joined = tuple(_in_order(by_name, parts.TITLES))
    return msgspec.structs.replace(report, parts=joined, updated=_now())


def read(path: Path) -> Report:
    """Read a report; its goals are those of today.

    Raises
    ------
    TuitrainError : it cannot be read, or is something else
    """
    content = decode_text(read_bytes(path), path).encode()
    report = decode_json(content, _DECODER, f"{path} is no report of the benchmark")
    judge = [
        Part(part.name, part.title, tuple(judged(part.name, row) for row in part.rows))
        for part in report.parts
    ]
    return msgspec.structs.replace(report, parts=tuple(judge))


def write(path: Path, report: Report) -> None:
    """Write a report, whole or not at all.

    Raises
    ------
    TuitrainError : it cannot be written
    """
    write_bytes(path, msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all.

    Raises
    ------
    TuitrainError : it cannot be written
    """
    try:
        write_whole(path, content)
    except OSError as error:
        raise TuitrainError(f"{path} cannot be written: {error.strerror}") from None


def check_writable(path: Path) -> None:
    """Find out before the measuring, not after it, that a file cannot be written.

    Raises
    ------
    TuitrainError : it cannot
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not path.exists()
        path.open("ab").close()
        if new:
            path.unlink()
    except OSError as error:
        raise TuitrainError(f"{path} cannot be written: {error.strerror}") from None


def _in_order(items: dict[str, _Item], order: Iterable[str]) -> Iterable[_Item]:
    """Return what is named in an order, in that order, and then the others."""
    names = [name for name in order if name in items]
    return [items[name] for name in (*names, *(each for each in items if each not in names))]


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
