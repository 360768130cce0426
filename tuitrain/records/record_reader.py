"""Reading a run folder: its header, and its files of lines.

``header.json`` has the scenario and the environment, ``journal.jsonl`` the commands, and digests at
regular steps, ``metrics.jsonl`` losses and metrics, ``groups.jsonl`` the groups' metrics at some
steps, ``scheduled.json`` the commands that wait for their steps (see `scheduled_file`),
``network.json`` its network (see `network_file`), ``summary.json`` the outcome of a run that has
ended. Lines are whole, except for the last one of a killed run, which is skipped.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import msgspec

from tuitrain.decoding import decode_json
from tuitrain.encoding import decode_text
from tuitrain.errors import TuitrainError, did_you_mean
from tuitrain.run.group_metrics import GroupMetrics

from .checkpoint_file import Position
from .record_format import (
    JournalLine,
    MetricsLine,
    count_metrics,
    read_groups_lines,
    read_journal_lines,
    read_metrics_lines,
)

HEADER, JOURNAL, METRICS = "header.json", "journal.jsonl", "metrics.jsonl"
GROUPS = "groups.jsonl"
SUMMARY = "summary.json"


SCHEMA = 1
"""The schema of headers; checkpoints have their own."""


class _Schema(msgspec.Struct, frozen=True):
    """The part that headers of every schema have."""

    schema: int


class Header(msgspec.Struct, frozen=True):
    """The header of a record: the scenario and the environment of the run.

    Attributes
    ----------
    scenario : the scenario, with resolved paths
    environment : versions and processor, which the bits depend on, too
    directory : the working directory of the run, where its relative paths begin; "" if unknown
    provenance : digests of the data and of the source files of model and data, by name; for a
        script, its path, its arguments and digests of its files; empty in records of early versions
    scenario_folder : the folder of the scenario's file, where its modules are found; "" if unknown
    seed : the one that a script has set; left out where none is known, and for scenarios
    """

    schema: int
    scenario: dict[str, Any]
    environment: dict[str, str]
    directory: str = ""
    provenance: dict[str, str] = {}
    scenario_folder: str = ""
    seed: int | msgspec.UnsetType = msgspec.UNSET

    def run(self) -> str:
        """Return the digest of the scenario, which checkpoints contain too."""
        content = msgspec.json.encode(self.scenario, order="deterministic")
        return f"sha256:{hashlib.sha256(content).hexdigest()}"


_SCHEMA_DECODER: Final = msgspec.json.Decoder(_Schema)
_HEADER_DECODER: Final = msgspec.json.Decoder(Header)


def read_header(folder: Path) -> Header:
    """Read the header of a record.

    Raises
    ------
    TuitrainError : the folder has no run, or its header cannot be read
    """
    try:
        content = decode_text((folder / HEADER).read_bytes(), folder / HEADER).encode()
    except FileNotFoundError:
        near = did_you_mean(
            str(folder), [str(header.parent) for header in folder.parent.glob(f"*/{HEADER}")]
        )
        lack = f"it has no {HEADER}" if folder.is_dir() else "there is no such folder"
        raise TuitrainError(f"{folder} holds no run: {lack}{near}") from None
    except NotADirectoryError:
        raise TuitrainError(f"{folder} is a file, not the folder of a run") from None
    except OSError as error:
        raise TuitrainError(f"{folder / HEADER} cannot be read: {error.strerror}") from None
    source = str(folder / HEADER)
    schema = decode_json(content, _SCHEMA_DECODER, source).schema
    if schema != SCHEMA:
        raise TuitrainError(f"{source} has schema {schema}; this version reads {SCHEMA}")
    return decode_json(content, _HEADER_DECODER, source)


def read_journal(folder: Path) -> list[JournalLine]:
    """Read the journal's whole lines, oldest first; an incomplete last line is skipped.

    Raises
    ------
    TuitrainError : it cannot be read, or a line before the last is damaged
    """
    return read_journal_lines(folder / JOURNAL)


def read_metrics(folder: Path) -> list[MetricsLine]:
    """Read the whole lines of losses and metrics, oldest first, as `read_journal` does.

    Raises
    ------
    TuitrainError : it cannot be read, or a line before the last is damaged
    """
    return read_metrics_lines(folder / METRICS)


def read_groups(folder: Path) -> list[GroupMetrics]:
    """Read the group metrics, oldest first; none if there is no such file.

    Raises
    ------
    TuitrainError : it cannot be read, or a line before the last is damaged
    """
    return read_groups_lines(folder / GROUPS)


def record_position(folder: Path) -> Position:
    """Return the position at the end of a record.

    Raises
    ------
    TuitrainError : it cannot be read, or a line before the last is damaged
    """
    return Position(len(read_journal(folder)), count_metrics(read_metrics(folder)))
