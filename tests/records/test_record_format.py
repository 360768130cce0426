"""Damaged or forged files of a record: a value of another type is one error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tuitrain.errors import TuitrainError
from tuitrain.records.record_format import AccuracyLine, CommandLine, DigestLine, LossLine
from tuitrain.records.record_reader import (
    GROUPS,
    HEADER,
    JOURNAL,
    METRICS,
    read_groups,
    read_header,
    read_journal,
    read_metrics,
    record_position,
)

COMMAND = {
    "event": "command",
    "step": 3,
    "command": "lr fc 0",
    "actor": "key",
    "outcome": "applied",
    "message": "fc: lr 0 from here on",
}
DIGEST_MEMBER = {"event": "digest", "step": 4, "branch": "main", "digests": {"fc1.weight": "0f"}}
LOSS = {"event": "loss", "step": 1, "loss": [2.5, None, 2]}
ACCURACY = {"event": "accuracy", "step": 7, "accuracy": 0.5}
LOOKED = {"event": "groups", "step": 7, "branch": "main", "groups": {"fc": [0.5, None]}}
HEAD = {"schema": 1, "scenario": {"name": "x"}, "environment": {"numpy": "2"}}

READERS = {
    JOURNAL: read_journal,
    METRICS: read_metrics,
    GROUPS: read_groups,
    HEADER: read_header,
}
FILES = [
    (JOURNAL, COMMAND),
    (JOURNAL, DIGEST_MEMBER),
    (METRICS, LOSS),
    (METRICS, ACCURACY),
    (GROUPS, LOOKED),
    (HEADER, HEAD),
]
DEEP = b"[" * 100_000 + b"]" * 100_000
HOSTILE = [
    b"null",
    b"true",
    b"-1",
    b"0.5",
    b"1e999",
    b"1" + b"0" * 400,
    b"9" * 5000,
    b'""',
    b'"text"',
    b'"\\ud800"',
    b'"\xff"',
    b"[]",
    b"[[1]]",
    b'{"a": [1]}',
    b"NaN",
    DEEP,
]


def swapped(line: dict[str, Any]) -> Iterator[bytes]:
    """Yield a line with each of its values in turn replaced, left out, and added to."""
    for key in line:
        for value in HOSTILE:
            placed = json.dumps({**line, key: "@@"}).encode()
            yield placed.replace(b'"@@"', value)
        yield json.dumps({k: v for k, v in line.items() if k != key}).encode()
    for value in HOSTILE:
        yield value
        yield json.dumps({**line, "more": "@@"}).encode().replace(b'"@@"', value)


@pytest.mark.parametrize(("name", "line"), FILES, ids=lambda item: str(item)[:24])
def test_values_of_other_types_are_one_error_with_file_and_line(tmp_path, name, line):
    refused = 0
    for content in swapped(line):
        (tmp_path / name).write_bytes(content + b"\n")
        try:
            READERS[name](tmp_path)
            record_position(tmp_path)
        except TuitrainError as error:
            refused += 1
            assert str(tmp_path / name) in str(error)
            assert name == HEADER or "line 1" in str(error)
            assert len(str(error)) < 600
    assert refused > 2 * len(HOSTILE)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        (JOURNAL, {**COMMAND, "step": -1}, "expected a whole number, at least 0 (at step)"),
        (
            JOURNAL,
            {**COMMAND, "step": 10**12},
            "expected a whole number, at most 999999999999 (at step)",
        ),
        (JOURNAL, {**COMMAND, "actor": {}}, "expected a string, but got a table (at actor)"),
        (JOURNAL, {**COMMAND, "command": "dance"}, "unknown command 'dance'"),
        (JOURNAL, {**DIGEST_MEMBER, "event": "digests"}, "'digests', did you mean 'digest'?"),
        (
            JOURNAL,
            {"step": 4},
            "the key 'event' is missing (allowed: command, digest, end or changed)",
        ),
        (METRICS, {**LOSS, "step": 0}, "expected a whole number, at least 1 (at step)"),
        (METRICS, {**LOSS, "loss": ["low"]}, "expected a number or nothing, but got a string"),
        (
            METRICS,
            {**ACCURACY, "accuracy": "high"},
            "expected a number or nothing, but got a string",
        ),
        (GROUPS, {**LOOKED, "groups": {"fc": [1]}}, "expected a list of length 2"),
        (HEADER, {**HEAD, "environment": []}, "expected a table, but got a list"),
    ],
)
def test_the_error_lists_the_allowed_values(tmp_path, name, content, problem):
    (tmp_path / name).write_text(json.dumps(content) + "\n")
    with pytest.raises(TuitrainError) as error:
        READERS[name](tmp_path)
    assert problem in str(error.value)


def test_a_line_reads_back_and_unknown_keys_are_ignored(tmp_path):
    for name, line in FILES:
        with (tmp_path / name).open("a") as file:
            file.write(json.dumps({**line, "later": {"version": [2]}}) + "\n")
    message = COMMAND["message"]
    assert read_journal(tmp_path) == [
        CommandLine(3, "lr fc 0", "key", "applied", str(message)),
        DigestLine(4, "main", {"fc1.weight": "0f"}),
    ]
    assert read_metrics(tmp_path) == [LossLine(1, [2.5, None, 2.0]), AccuracyLine(7, 0.5)]
    assert read_groups(tmp_path)[0].groups == {"fc": (0.5, None)}
    assert read_header(tmp_path).scenario == {"name": "x"}
    at = record_position(tmp_path)
    assert (at.journal, at.metrics) == (2, 4)


def test_a_refused_command_need_not_be_known(tmp_path):
    refused = {**COMMAND, "command": "dance", "outcome": "refused"}
    (tmp_path / JOURNAL).write_text(json.dumps(refused) + "\n")
    assert len(read_journal(tmp_path)) == 1
