"""`checkpoint NAME` and `rewind NAME`: saving a session's state, and returning to it."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.run.test_timeline import do, make, run_to, sight
from tuitrain.commands import parse
from tuitrain.records.checkpoint_file import checkpoint_path, read_checkpoint
from tuitrain.records.line_file import LineFile
from tuitrain.records.record_format import CommandLine, DigestLine
from tuitrain.records.record_reader import Header, read_journal
from tuitrain.records.record_writer import RecordWriter
from tuitrain.run.checkpoint_policy import CheckpointPolicy
from tuitrain.run.session import PlannedCommand, Session

HEADER = Header(1, {"name": "test"}, {"numpy": "2"})


@pytest.fixture
def recorded(tmp_path):
    """Return a session that leaves a record in the folder of the test."""
    with ExitStack() as files:
        plain = make(1200)
        recorder = RecordWriter(tmp_path / "run", HEADER, files)
        yield Session(plain.engine, plain.info, recorder=recorder)


def test_rewind_to_a_checkpoint_returns_to_the_exact_place_within_a_boundary():
    session = make()
    run_to(session, 23)
    do(session, "freeze conv")
    do(session, "checkpoint here")
    seen = sight(session)
    do(session, "lr * x2")
    run_to(session, 80)
    do(session, "rewind here")
    assert sight(session) == seen
    run_to(session, 90)
    do(session, "rewind 10")
    do(session, "lr * x3")
    run_to(session, 40)
    assert "branch b2" in do(session, "rewind here")
    assert sight(session) == seen


def test_a_branch_shares_curves_only_up_to_its_fork():
    session = make()
    run_to(session, 50)
    do(session, "checkpoint late")
    losses = session.snapshot().loss.values.tolist()
    do(session, "rewind 20")
    do(session, "lr * x9")
    run_to(session, 60)
    do(session, "rewind late")
    assert session.timeline.branch.fork == 20
    assert session.snapshot().loss.values.tolist() == losses


def test_rewind_to_the_present_place_changes_nothing():
    session = make()
    do(session, "checkpoint a")
    assert "already there" in do(session, "rewind a", "unchanged")
    do(session, "lr * x2")
    do(session, "rewind a")


def test_commands_pending_at_a_checkpoint_are_applied_again():
    plain = make()
    plan = [
        PlannedCommand(step, parse(text))
        for step, text in [(9, "lr * x2"), (9, "checkpoint a"), (9, "lr * x3"), (20, "rewind a")]
    ]
    session = Session(plain.engine, plain.info, plan)
    for step in (9, 20):
        run_to(session, step)
        session.apply_planned()
    session.apply_planned()
    commands = [entry.command for entry in session.journal.entries()]
    assert commands == ["lr * x2", "checkpoint a", "lr * x3", "rewind a", "lr * x3"]


def test_an_unknown_checkpoint_is_refused_with_the_nearest_name():
    session = make()
    assert "none was made yet" in do(session, "rewind here", "refused")
    do(session, "checkpoint here")
    assert "did you mean 'here'? (checkpoints: here)" in do(session, "rewind hare", "refused")


def test_without_a_record_the_answer_names_no_file():
    assert do(make(), "checkpoint a") == "step 0 is kept for `rewind`: the run leaves no record"


def test_a_checkpoint_is_in_the_journal_and_changes_no_bit(recorded, tmp_path):
    run_to(recorded, 30)
    before = recorded.engine.digest()
    assert do(recorded, "checkpoint a") == "step 30 is kept in checkpoints/a.npz"
    assert recorded.engine.digest() == before
    assert recorded.timeline.branch.decisions == ()
    entry = read_journal(tmp_path / "run")[-1]
    assert isinstance(entry, CommandLine)
    assert (entry.command, entry.outcome, entry.step) == ("checkpoint a", "applied", 30)
    made = read_checkpoint(checkpoint_path(tmp_path / "run", "a"))
    assert (made.run, made.environment) == (HEADER.run(), HEADER.environment)
    assert made.session.engine.step == 30


def test_a_checkpoint_replaces_one_of_the_same_name_and_says_so(recorded, tmp_path):
    do(recorded, "checkpoint a")
    run_to(recorded, 30)
    assert do(recorded, "checkpoint a").endswith("; the one of step 0 is replaced")
    assert read_checkpoint(checkpoint_path(tmp_path / "run", "a")).session.engine.step == 30


def test_the_run_saves_an_automatic_checkpoint(recorded, tmp_path):
    auto = checkpoint_path(tmp_path / "run", "auto")
    run_to(recorded, CheckpointPolicy().checkpoint_every - 1)
    assert not auto.exists()
    for times in (1, 2):
        run_to(recorded, CheckpointPolicy().checkpoint_every * times + 10)
        assert (
            read_checkpoint(auto).session.engine.step == CheckpointPolicy().checkpoint_every * times
        )
    assert isinstance(read_journal(tmp_path / "run")[-1], DigestLine)


@pytest.mark.parametrize("batch_size", [1, 3, 64, 100, 256, 10_000])
def test_a_checkpoint_is_due_where_a_burst_ends(batch_size):
    cadence = CheckpointPolicy.for_batch_size(batch_size)
    assert cadence.cache_every >= 50
    assert (
        cadence.digest_every % cadence.cache_every
        == cadence.checkpoint_every % cadence.cache_every
        == 0
    )


def full_disk(path: Path, content: bytes) -> None:
    raise OSError(28, "No space left on device")


def test_on_a_full_disk_a_checkpoint_is_refused_and_training_continues(
    recorded, tmp_path, monkeypatch
):
    do(recorded, "checkpoint a")
    before = checkpoint_path(tmp_path / "run", "a").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("tuitrain.records.record_writer.write_atomic", full_disk)
        run_to(recorded, 30)
        message = do(recorded, "checkpoint a", "refused")
        assert message == "checkpoint 'a' cannot be written: No space left on device"
        run_to(recorded, CheckpointPolicy().checkpoint_every + 1)
        assert recorded.snapshot().note.startswith("checkpoint 'auto' cannot be written")
    assert checkpoint_path(tmp_path / "run", "a").read_bytes() == before
    do(recorded, "rewind a")
    assert recorded.step == 0
    run_to(recorded, CheckpointPolicy().checkpoint_every)
    assert recorded.snapshot().note == ""
    assert checkpoint_path(tmp_path / "run", "auto").exists()


def test_without_a_writable_record_checkpoints_are_refused(recorded, tmp_path):
    append = LineFile.append
    with LineFile(Path("/dev/full")) as full, pytest.MonkeyPatch.context() as patch:
        patch.setattr(LineFile, "append", lambda _, line: append(full, line))
        do(recorded, "lr * x2")
    message = do(recorded, "checkpoint a", "refused")
    assert message == "no checkpoint can be written: the record ends here: No space left on device"
    assert not checkpoint_path(tmp_path / "run", "a").exists()
