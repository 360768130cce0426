"""The snapshots of a run of the embedded engine, with every inspection, arrive equal."""

from __future__ import annotations

from dataclasses import replace

from tests.conformance.embedded import make_engine
from tests.remote.snapshots.equality import assert_equal
from tuitrain.commands import parse
from tuitrain.engines.inspection import InspectBatch, InspectNetwork, InspectWeights
from tuitrain.remote.snapshots import SnapshotDecoder, SnapshotEncoder
from tuitrain.run.live.inspector import Inspector
from tuitrain.run.session import Session
from tuitrain.run.snapshot import RunInfo

COMMANDS = (
    "lr fc 0.02",
    "freeze conv",
    "checkpoint early",
    "group head = head.*",
    "schedule fc cosine to 0 over 20 steps",
    "rewind 4",
    "clip norm 1",
    "break when nan",
    "undo",
    "try lr fc x0.1, x1 for 3 steps",
    "thaw conv",
    "rewind early",
    "freeze nothing",
)
REQUESTS = (
    None,
    InspectWeights("fc.weight"),
    InspectNetwork(),
    InspectBatch("probe"),
    InspectBatch("next"),
    InspectBatch("mistakes"),
    InspectWeights("nothing"),
    InspectWeights("fc.weight"),
)


class Seconds:
    """A clock on which an hour passes between two readings."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 3600
        return self._now


def test_every_snapshot_of_a_run_arrives_equal():
    session = Session(make_engine(), RunInfo("test", "small", "none", 0, 8, 7, 70))
    inspector, encoder, decoder = Inspector(Seconds()), SnapshotEncoder(), SnapshotDecoder()
    outcomes: list[str] = []
    for number, text in enumerate(COMMANDS):
        session.run_burst(max_steps=3)
        outcomes.append(session.apply_command(parse(text), "api", number).outcome)
        for extra in range(2):
            request = REQUESTS[(number + extra) % len(REQUESTS)]
            shown = replace(
                session.snapshot(2 * number + extra, "fc.weight", 1000.0),
                inspection=inspector.inspect(session, request),
                preview=session.preview(parse("lr fc x2")),
            )
            assert_equal(decoder.decode(encoder.encode(shown)), shown)
    assert set(outcomes[:-1]) <= {"applied", "unchanged"}
    assert outcomes[-1] == "refused"
