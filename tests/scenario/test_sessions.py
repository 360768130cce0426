"""Generated sessions: the record of any commands replays to the same bits.

``make sessions`` tries a thousand; the number is in the environment variable TUITRAIN_SESSIONS.
"""

import itertools
import os
import shutil
from bisect import bisect_left
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.scenario.killing import keeping_every_auto
from tests.scenario.test_resume import HEAD, go_on, left_in, values, values_in, went_on
from tests.scenario.test_verify import nothing, record
from tuitrain.records.checkpoint_file import checkpoint_path, read_position
from tuitrain.records.record_format import CommandLine
from tuitrain.records.record_reader import JOURNAL, METRICS, read_journal
from tuitrain.records.repetition import command_entries
from tuitrain.scenario.verify import verify_record

pytestmark = pytest.mark.slow


SESSIONS = int(os.environ.get("TUITRAIN_SESSIONS", "25"))

targets = st.sampled_from(["fc", "head", "*", "top", "fc1.*", "absent"])
rates = st.sampled_from(["0", "0.3", "0.01", "x0.5", "x2"])
rules = st.sampled_from(
    ["sgd", "sgd momentum=0.9", "adam", "adamw weight_decay=0.1", "rmsprop", "lion", "lamb"]
)
acts = st.one_of(
    st.sampled_from(["pause", "resume", "step 3", "undo", "redo", "clip norm 0.1", "clip off"]),
    st.sampled_from(["clip norm 1e-3", "clip norm 2", "clip value 0.01"]),
    st.sampled_from(["checkpoint a", "checkpoint b", "rewind a", "rewind b"]),
    st.builds("freeze {}".format, targets),
    st.builds("thaw {} {}".format, targets, st.sampled_from(["keep", "reset"])),
    st.builds("lr {} {}".format, targets, rates),
    st.builds("decay {} over {} epochs".format, targets, st.integers(1, 9)),
    st.builds("schedule {} cosine to 0 over {} steps".format, targets, st.integers(1, 99)),
    st.builds("schedule {} exponential x0.9 per epoch warmup=9".format, targets),
    st.builds("optimizer {} {} lr=0.01".format, targets, rules),
    st.builds("optimizer {} {} state=carry".format, targets, rules),
    st.builds("group {} = {}".format, st.sampled_from(["top", "fc"]), st.just("classifier.*")),
    st.builds("group {} = *.bias".format, st.sampled_from(["top", "biases"])),
    st.builds("rewind {}".format, st.integers(0, 200)),
    st.builds("try lr {} {}, x1 for {} steps".format, targets, rates, st.integers(1, 60)),
    st.builds("branch {}".format, st.sampled_from(["main", "b1", "b2", "b3"])),
    st.builds("rewind by {}".format, st.integers(1, 90)),
    st.builds("break when {}".format, st.sampled_from(["loss > x1.01", "nan", "grad_norm fc > 0"])),
    st.builds(
        "when {} do {}; at most {} times".format,
        st.sampled_from(["loss > 1.01x", "loss > 0.5x", "nan", "grad_norm fc > 0", "accuracy >= 0"])
        | st.sampled_from(["grad_norm head > 0.5", "dead units of fc > 20%", "accuracy <= 1"]),
        st.lists(
            st.sampled_from(["rewind by 7", "rewind by 60", "rewind 30", "lr * x0.9", "freeze fc"])
            | st.sampled_from(["thaw fc", "checkpoint a", "rewind a", "undo", "pause", "redo"])
            | st.sampled_from(["optimizer * adam lr=0.01", "clip norm 1", "group top = *.bias"]),
            min_size=1,
            max_size=3,
        ).map("; ".join),
        st.integers(1, 3),
    ),
    st.sampled_from(["when off", "break off", "when off nan"]),
)


@settings(max_examples=SESSIONS, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 120), acts), max_size=12))
def test_the_record_of_any_session_replays_to_the_same_bits(tmp_path_factory, script):
    folder = tmp_path_factory.mktemp("session") / "run"
    _, step = record(folder, script)
    applied = sum(item.outcome == "applied" for item in command_entries(read_journal(folder)))
    event(f"{min(applied // 4 * 4, 12)} commands or more applied")
    comparison = verify_record(folder, nothing, nothing)
    assert comparison.verdict.ok
    assert comparison.verdict.identical_through == step
    assert comparison.environment == []


@settings(max_examples=SESSIONS, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 120), acts), max_size=12), st.data())
def test_a_session_killed_after_any_checkpoint_resumes_to_the_same_end(
    tmp_path_factory, script, data
):
    place = tmp_path_factory.mktemp("session")
    folder = place / "run"
    with keeping_every_auto(place / "kept"):
        ended = record(folder, script, text=HEAD)
    before, every = left_in(folder), values(folder)
    kept = len(list((place / "kept").iterdir()))
    chosen = data.draw(st.integers(0, kept - 1))
    shutil.copy(place / "kept" / f"{chosen}.npz", checkpoint_path(folder, "auto"))
    at = read_position(place / "kept" / f"{chosen}.npz")
    lines = enumerate(read_journal(folder), 1)
    commands = [index for index, line in lines if isinstance(line, CommandLine)]
    cut_off(folder / JOURNAL, data, max(at.journal, *commands[-1:], 0))
    lines = list(itertools.accumulate(map(metrics_in, before[METRICS].splitlines())))
    cut_off(folder / METRICS, data, bisect_left(lines, at.metrics) + 1)
    events = go_on(folder)
    event("from the start" if not went_on(events).step else "from a checkpoint")
    assert (events[-1].digest, events[-1].step) == ended
    assert left_in(folder)[JOURNAL] == before[JOURNAL]
    assert values(folder) == every


def metrics_in(line: bytes) -> int:
    return len(values_in(line))


def cut_off(path: Path, data, count: int) -> None:
    """Cut a file off where it might have ended when the run was killed, after ``count`` lines."""
    lines = path.read_bytes().splitlines(keepends=True)
    rest = b"".join(lines[count:])
    cut = data.draw(st.integers(0, len(rest)))
    path.write_bytes(b"".join(lines[:count]) + rest[:cut])
