"""Resuming from any checkpoint, after any kill, leads to the same end and record."""

import json
import shutil
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st

from tests.conformance.probes import RULES
from tests.scenario.killing import Killed, dying_at, often
from tests.scenario.test_verify import nothing, record
from tuitrain.cli import main
from tuitrain.engines.registry import engine_factory
from tuitrain.records.checkpoint_file import checkpoint_path, read_checkpoint
from tuitrain.records.record_reader import HEADER, JOURNAL, METRICS, SUMMARY
from tuitrain.records.record_writer import RecordWriter
from tuitrain.run.checkpoint_policy import CheckpointPolicy
from tuitrain.run.snapshot import Phase
from tuitrain.scenario.build import build
from tuitrain.scenario.events import Ended, Finding, Resumed
from tuitrain.scenario.expect import Expectations
from tuitrain.scenario.live_expectations import attach_expectations
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.resume import resume
from tuitrain.scenario.verify import make_header, verify_record

NEVER = 10**9
HEAD = """
schema = 1
name = "eventful"
model = "tests.scenario.small:model"
data = "tests.scenario.small:data"
batch_size = 8
epochs = 60
[optimizer]
name = "sgd"
lr = 0.1
[[group]]
name = "fc"
params = ["fc*"]
[[group]]
name = "head"
params = ["*"]
"""
EVENTFUL = (
    HEAD
    + """
[[at]]
step = 30
do = ["freeze fc", "checkpoint early", "lr head 0.2", "freeze absent"]
[[at]]
step = 61
do = ["optimizer head adam lr=0.01", "thaw fc", "schedule fc cosine to 0 over 190 steps warmup=5"]
[[at]]
step = 110
do = ["clip norm 1", "break when loss > x1.01", "pause"]
[[at]]
step = 130
do = ["break off", "try lr head x0.1, x3 for 20 steps", "freeze classifier.bias"]
[[at]]
step = 160
do = "rewind 140"
[[at]]
step = 190
do = "undo"
[[at]]
step = 220
do = "rewind early"
[[at]]
step = 300
do = ["checkpoint late", "branch b4", "checkpoint early"]
[[expect]]
step = 60
unchanged = { group = "fc", since_step = 30 }
[[expect]]
step = 350
changed = { params = ["fc*"], since_step = 30 }
train_loss = "< 10"
[[expect]]
step = 250
grad_none = ["classifier.bias"]
[[expect]]
step = 180
unchanged = { params = ["classifier.bias"], since_epoch = 20 }
lr = { group = "head", is = 1 }
"""
)


def fly(text: str, folder: Path, instant: int = NEVER) -> list:
    """Run a scenario into a folder; give what happens."""
    scenario = loads(text, "x.toml")
    with ExitStack() as files, dying_at(instant):
        recorder = RecordWriter(folder, make_header(scenario), files)
        return list(replay(scenario, "x.toml", recorder=recorder, rehearse_plan=False))


def go_on(folder: Path, instant: int = NEVER, name: str | None = None) -> list:
    """Resume a run; give what happens."""
    with ExitStack() as files, dying_at(instant):
        return list(resume(folder, files, nothing, nothing, name))


def left_in(folder: Path) -> dict[str, bytes]:
    """Return all that a run has left, by file."""
    return {
        str(item.relative_to(folder)): item.read_bytes()
        for item in sorted(folder.rglob("*"))
        if item.is_file()
    }


def different(folder: Path, other: Path) -> list[str]:
    """Return the files in which two runs differ."""
    one, two = left_in(folder), left_in(other)
    return [name for name in {*one, *two} if one.get(name) != two.get(name)]


def went_on(events: list) -> Resumed:
    (result,) = [item for item in events if isinstance(item, Resumed)]
    return result


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> tuple[Path, list]:
    folder = tmp_path_factory.mktemp("whole") / "run"
    return folder, fly(EVENTFUL, folder)


@pytest.mark.slow
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Stage.explicit, Stage.reuse, Stage.generate],  # every instant is as good as another
)
@given(instants=st.lists(st.integers(0, 700), min_size=1, max_size=3))
def test_a_run_killed_at_any_write_leaves_the_same_record_after_a_resume(
    uninterrupted, tmp_path_factory, instants
):
    whole, events = uninterrupted
    folder = tmp_path_factory.mktemp("killed") / "run"
    ended: list = []
    try:
        ended = fly(EVENTFUL, folder, instants[0] + 3)  # the header is there
    except Killed:
        for instant in [*instants[1:], NEVER]:
            try:
                ended = go_on(folder, instant)
            except Killed:
                continue
    assert ended[-1] == events[-1]
    assert different(folder, whole) == []


def test_a_resumed_run_replays_identically(tmp_path):
    with pytest.raises(Killed):
        fly(EVENTFUL, tmp_path / "run", 600)
    go_on(tmp_path / "run")
    comparison = verify_record(tmp_path / "run", nothing, nothing)
    assert (comparison.verdict.difference, comparison.verdict.identical_through) == (None, 420)


@pytest.mark.parametrize("name", ["auto", "early", "late"])
def test_every_checkpoint_of_a_run_leads_to_the_same_end(uninterrupted, tmp_path, name):
    whole, events = uninterrupted
    shutil.copytree(whole, tmp_path / "run")
    step = read_checkpoint(checkpoint_path(whole, name)).session.engine.step
    again = go_on(tmp_path / "run", name=name)
    assert went_on(again) == Resumed(step, f"continues from checkpoint {name} of step {step}")
    error_text = [item for item in events if not isinstance(item, Resumed)]
    rest = again[again.index(went_on(again)) + 1 :]
    assert rest == error_text[-len(rest) :]
    assert different(tmp_path / "run", whole) == []


def test_a_changed_checkpoint_is_reported_and_an_earlier_one_is_used(uninterrupted, tmp_path):
    whole, events = uninterrupted
    shutil.copytree(whole, tmp_path / "run")
    path = checkpoint_path(tmp_path / "run", "auto")
    arrays = dict(np.load(path))
    name = next(item for item in arrays if item.startswith("parameter/"))
    arrays[name] = arrays[name] + 1
    np.savez(path, **arrays)
    again = go_on(tmp_path / "run")
    assert 0 < went_on(again).step < 400
    assert "auto" in went_on(again).message
    assert "its content does not match its digest" in went_on(again).message
    assert again[-1] == events[-1]


def test_findings_before_the_checkpoint_count_at_the_end(uninterrupted, tmp_path):
    _, events = uninterrupted
    assert [item.held for item in events if isinstance(item, Finding) and item.step == 180]
    text = EVENTFUL[: EVENTFUL.index("[[at]]")] + EVENTFUL[EVENTFUL.index("[[expect]]") :]
    failing = text.replace("step = 250", "step = 49").replace(
        '["classifier.bias"]\n[[', '["*"]\n[['
    )
    fly(failing, tmp_path / "run")
    again = go_on(tmp_path / "run")
    assert went_on(again).step == 400
    assert not [item for item in again if isinstance(item, Finding)]
    assert again[-1].ok is False


def test_refusals_before_the_checkpoint_count_at_the_end(tmp_path):
    fly(f'{HEAD}[[at]]\nstep = 9\ndo = "freeze absent"\n', tmp_path / "run")
    again = go_on(tmp_path / "run")
    assert went_on(again).step == 400
    assert again[-1].ok is False


@pytest.mark.parametrize("rule", RULES)
def test_every_optimizer_resumes_with_the_same_bits(tmp_path, rule):
    swap = f"optimizer * {rule} lr=0.01 {RULES[rule]}"
    text = f'{HEAD}[[at]]\nstep = 9\ndo = ["{swap}", "decay fc over 30 epochs"]\n'
    text += '[[at]]\nstep = 41\ndo = "checkpoint a"\n'
    ended = fly(text, tmp_path / "run")[-1]
    assert go_on(tmp_path / "run", name="a")[-1] == ended


SCRIPT = [
    (20, "lr head 0.3"),
    (30, "pause"),
    (0, "freeze fc"),
    (0, "checkpoint mine"),
    (0, "optimizer fc adam lr=0.01"),
    (5, "stop"),
    (1, "lr head 0.1"),
    (49, "thaw fc"),
    (60, "break when loss > x1.01"),
    (60, "rewind mine"),
]


@pytest.mark.parametrize("name", [None, "mine"])
def test_user_commands_before_and_after_a_checkpoint_are_repeated(tmp_path, name):
    with dying_at(NEVER):
        ended = record(tmp_path / "run", SCRIPT, text=HEAD)
    before = left_in(tmp_path / "run")
    events = go_on(tmp_path / "run", name=name)
    assert went_on(events).step == (400 if name is None else 50)
    assert (events[-1].digest, events[-1].step) == ended
    assert left_in(tmp_path / "run")[JOURNAL] == before[JOURNAL]
    assert values(tmp_path / "run") == values_in(before[METRICS])
    comparison = verify_record(tmp_path / "run", nothing, nothing)
    assert comparison.verdict.ok


def values(folder: Path) -> list:
    return values_in((folder / METRICS).read_bytes())


def values_in(content: bytes) -> list:
    """Return losses and accuracies one by one, with their steps."""
    result: list = []
    for line in map(json.loads, content.splitlines()):
        if line["event"] == "loss":
            result += [(line["step"] + i, loss) for i, loss in enumerate(line["loss"])]
        else:
            result.append((line["step"], "accuracy", line["accuracy"]))
    return result


def test_a_checkpoint_without_expectation_results_is_not_used(tmp_path):
    with dying_at(NEVER):
        digest, _ = record(tmp_path / "run", [])
    events = go_on(tmp_path / "run")
    assert went_on(events).step == 0
    assert "auto: it has no results of the expectations at step 0" in went_on(events).message
    assert isinstance(events[-1], Ended)
    assert (events[-1].digest, events[-1].ok) == (digest, True)


def test_expectation_results_of_a_live_run_are_restored_from_its_checkpoint(
    uninterrupted, tmp_path
):
    _, events = uninterrupted
    scenario = loads(EVENTFUL, "x.toml")
    with ExitStack() as files, dying_at(NEVER):
        recorder = RecordWriter(tmp_path / "run", make_header(scenario), files)
        session = build(scenario, "x.toml", recorder=recorder)
        attach_expectations(session, Expectations(scenario.expect, session, "x.toml"))
        while session.step < 410:
            session.apply_planned()
            session.on_boundary()
            session.phase = Phase.RUNNING
            session.run_burst()
    again = go_on(tmp_path / "run")
    assert went_on(again).step == 400
    assert again[-1] == events[-1]


def damaged(folder: Path) -> None:
    path = checkpoint_path(folder, "auto")
    path.write_bytes(path.read_bytes()[:-99])


def of_another_run(folder: Path) -> None:
    fly(HEAD, folder.parent / "other")
    shutil.copy(checkpoint_path(folder.parent / "other", "auto"), checkpoint_path(folder, "auto"))


def made_elsewhere(folder: Path) -> None:
    path = checkpoint_path(folder, "auto")
    content = path.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        factory = engine_factory()
        elsewhere = {**factory.environment(), "llvmlite": "0.0"}
        patch.setattr(type(factory), "environment", lambda self: elsewhere)
        fly(EVENTFUL, folder.parent / "elsewhere")
    shutil.copy(checkpoint_path(folder.parent / "elsewhere", "auto"), path)
    assert path.read_bytes() != content


def beyond_the_record(folder: Path) -> None:
    path = folder / METRICS
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:30]))


@pytest.mark.parametrize(
    ("spoil", "error_text"),
    [
        (damaged, "auto.npz is damaged, or not a checkpoint"),
        (of_another_run, "auto: it belongs to another run"),
        (made_elsewhere, "auto: it was made in another environment (llvmlite: "),
        (beyond_the_record, "auto: the record ends before it"),
    ],
)
@pytest.mark.slow
def test_an_unusable_checkpoint_is_reported_and_the_end_is_the_same(
    uninterrupted, tmp_path, spoil, error_text
):
    whole, events = uninterrupted
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    spoil(folder)
    again = go_on(folder, name="auto")
    assert went_on(again).step == 0
    assert went_on(again).message.startswith("trains again from the start")
    assert error_text in went_on(again).message
    assert again[-1] == events[-1]
    assert different(folder, whole) == []


def test_an_earlier_checkpoint_is_used_if_the_latest_is_unusable(uninterrupted, tmp_path):
    whole, events = uninterrupted
    shutil.copytree(whole, tmp_path / "run")
    damaged(tmp_path / "run")
    again = go_on(tmp_path / "run")
    assert "continues from checkpoint early of step" in went_on(again).message
    assert "auto.npz is damaged" in went_on(again).message
    assert again[-1] == events[-1]


def test_resume_names_the_checkpoint_used_and_the_available_ones(uninterrupted, tmp_path, capsys):
    whole, _ = uninterrupted
    shutil.copytree(whole, tmp_path / "run")
    (tmp_path / "run" / SUMMARY).unlink()  # as if it had been killed at its end
    main(["resume", str(tmp_path / "run")])
    assert "400  continues from checkpoint auto of step 400\n" in capsys.readouterr().out
    main(["resume", "--json", "--from", "late", str(tmp_path / "run")])
    assert json.loads(capsys.readouterr().out.splitlines()[1])["event"] == "resume"
    for name in ("lat", "../checkpoints/late"):
        assert main(["resume", str(tmp_path / "run"), "--from", name]) == 2
        error_text = capsys.readouterr().err
        assert f"has no checkpoint {name!r}" in error_text
        assert "(checkpoints: auto, early, late)" in error_text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "finished at step 420"),
        (HEAD + '[[at]]\nstep = 7\ndo = "stop"\n', "stopped at step 7 by its plan or a rule"),
    ],
)
def test_a_run_at_its_planned_end_is_not_resumed(tmp_path, capsys, text, message):
    fly(text, tmp_path / "run")
    before = left_in(tmp_path / "run")
    assert main(["resume", str(tmp_path / "run")]) == 2
    assert (
        capsys.readouterr().err == f"tuitrain: {tmp_path / 'run'}: {message}; nothing to resume\n"
    )
    assert left_in(tmp_path / "run") == before


def test_a_full_disk_at_a_checkpoint_is_reported_once(tmp_path, monkeypatch, capsys):
    scenario = tmp_path / "x.toml"
    scenario.write_text(HEAD)
    monkeypatch.setattr(CheckpointPolicy, "for_batch_size", often)
    path = tmp_path / "run" / "checkpoints"
    path.parent.mkdir()
    path.write_text("in the way")
    assert main(["run", "--headless", "--out", str(path.parent), str(scenario)]) == 0
    error_text = capsys.readouterr().out
    assert error_text.count("checkpoint 'auto' cannot be written: ") == 1
    assert (path.parent / HEADER).exists()
    assert main(["replay", str(path.parent)]) == 0
