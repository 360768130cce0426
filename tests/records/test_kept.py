"""Records of version 0.1.0 are listed, shown, saved, replayed and resumed as that version did."""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.records import reading, small_model
from tuitrain.cli import main
from tuitrain.engines.registry import engine_factory
from tuitrain.records.array_file import unpack
from tuitrain.records.checkpoint_file import Checkpoint, encode_checkpoint, read_checkpoint
from tuitrain.records.provenance import describe_differences
from tuitrain.records.record_check import flatten_metrics
from tuitrain.records.record_reader import HEADER, JOURNAL, METRICS, read_header, read_metrics
from tuitrain.scenario.events import event_as_json
from tuitrain.scenario.load import loads
from tuitrain.scenario.resume import resume
from tuitrain.scenario.runs.run_list import list_runs
from tuitrain.scenario.save import recorded_scenario, to_toml
from tuitrain.scenario.verify import verify_record
from tuitrain_core.data import Dataset

pytestmark = pytest.mark.slow


KEPT = Path(__file__).parent / "kept"
EXPECTED = json.loads((KEPT / "expected.json").read_text())
CHECKPOINTS = sorted(KEPT.glob("*/checkpoints/*.npz"))


@pytest.fixture(autouse=True)
def earlier_normalization(monkeypatch):
    """Normalize bytes as version 0.1.0 did where a data set named no mean and no std."""
    earlier = partial(Dataset, classes=10, mean=0.1307, std=0.3081)
    monkeypatch.setattr(small_model, "Dataset", earlier)


each_run = pytest.mark.parametrize("name", sorted(EXPECTED))


def made_in_this_environment(name: str) -> bool:
    """Whether a record's bits can be expected here: same packages, same kind of processor."""
    recorded_there = read_header(KEPT / name).environment
    here = dict(engine_factory().environment())
    return all(
        here[key] == value
        for key, value in recorded_there.items()
        if key not in ("python", "tuitrain")
    )


def copied(name: str, tmp_path: Path) -> Path:
    """Copy a run; where its bits can be expected, say that it was made by this very version."""
    folder = tmp_path / name
    shutil.copytree(KEPT / name, folder)
    if made_in_this_environment(name):
        header = json.loads((folder / HEADER).read_text())
        (folder / HEADER).write_text(
            json.dumps(header | {"environment": dict(engine_factory().environment())})
        )
        for path in folder.glob("checkpoints/*.npz"):
            kept = read_checkpoint(path)
            here = Checkpoint(
                kept.run, dict(engine_factory().environment()), kept.position, kept.session
            )
            path.write_bytes(encode_checkpoint(here))
    return folder


def resumed(folder: Path, **options: Any) -> tuple[dict, dict]:
    """Resume a run to its end; return where it continued, and how it ended."""
    with ExitStack() as files:
        events = [
            event_as_json(item)
            for item in resume(folder, files, lambda *_: None, lambda _: None, **options)
        ]
    (start,) = [item for item in events if item["event"] == "resume"]
    return start, events[-1]


def journal_without_messages(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / JOURNAL).read_text().splitlines()]
    return [{key: value for key, value in item.items() if key != "message"} for item in lines]


def changes(folder: Path) -> list[str]:
    """Return what had changed when a run was resumed."""
    (changed,) = [item for item in journal_without_messages(folder) if item["event"] == "changed"]
    return changed["changes"]


def test_the_list_has_every_run():
    assert {run.folder.name for run in list_runs(KEPT)} == set(EXPECTED)


@each_run
def test_a_run_is_listed(name):
    assert reading.listed_row(KEPT / name) == EXPECTED[name]["row"]


@each_run
def test_its_moments_are_shown(name):
    rows = reading.moments(KEPT / name)
    assert len(rows) == EXPECTED[name]["moments"]
    assert json.loads(json.dumps([*rows[::100], rows[-1]])) == EXPECTED[name]["some"]
    assert hashlib.sha256(json.dumps(rows).encode()).hexdigest() == EXPECTED[name]["digest"]


@each_run
def test_its_curves_are_drawn(name):
    assert reading.curves(KEPT / name) == EXPECTED[name]["curves"]


@each_run
def test_it_is_saved_as_a_scenario(name):
    assert json.loads(json.dumps(reading.saved(KEPT / name))) == EXPECTED[name]["saved"]
    scenario = recorded_scenario(KEPT / name)
    assert loads(to_toml(scenario), name) == scenario


@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_checkpoint_is_written_as_it_was_read(path, tmp_path):
    (tmp_path / "again.npz").write_bytes(encode_checkpoint(read_checkpoint(path)))
    before, after = unpack(path), unpack(tmp_path / "again.npz")
    assert before.keys() == after.keys()
    for member in before.keys() - {"digest", "meta.json"}:
        assert before[member].dtype == after[member].dtype
        assert before[member].tobytes() == after[member].tobytes()
    meta = [msgspec.json.decode(item["meta.json"].tobytes()) for item in (before, after)]
    assert meta[0] == meta[1]


@each_run
def test_it_is_replayed(name, tmp_path):
    folder = copied(name, tmp_path)
    comparison = verify_record(folder, lambda *_: None, lambda _: None)
    verdict = comparison.verdict
    assert comparison.provenance == []
    if made_in_this_environment("lenet"):
        through, nothing_after, difference = EXPECTED[name]["verdict"]
        assert verdict.difference is difference
        assert (verdict.identical_through, verdict.nothing_after) == (through, nothing_after)
    else:
        assert comparison.environment or name == "older"  # which did not record the target
        assert verdict.difference is None or verdict.difference.step > 0


@each_run
def test_a_replay_is_reported(name, tmp_path, capsys):
    folder = copied(name, tmp_path)
    status = main(["replay", str(folder)])
    text = capsys.readouterr().out
    assert text.startswith(f"{folder}: ")
    if made_in_this_environment("lenet"):
        through, nothing_after, _ = EXPECTED[name]["verdict"]
        assert status == (0 if nothing_after is None else 1)
        assert (f"identical through step {through}" in text) == (through is not None)
        assert (f" after step {nothing_after}: " in text) == (status == 1)
    else:
        assert "  another environment: " in text or name == "older"


@each_run
def test_it_is_resumed_to_its_end(name, tmp_path):
    folder, expected = copied(name, tmp_path), EXPECTED[name]["resumed"]
    if not made_in_this_environment("lenet"):
        _, end = resumed(folder, although_changed=True)
        assert end["step"] == expected["step"]
        return
    start, end = resumed(folder)
    if made_in_this_environment(name):
        assert start["step"] == expected["from"]
    assert {key: end[key] for key in ("step", "digest", "ok")} == {
        key: expected[key] for key in ("step", "digest", "ok")
    }
    assert reading.listed_row(folder) == EXPECTED[name]["after"]


def test_a_killed_run_is_resumed_to_the_record_that_it_would_have_left(tmp_path):
    folder = copied("killed", tmp_path)
    if made_in_this_environment("killed"):
        resumed(folder)
        assert journal_without_messages(folder) == journal_without_messages(KEPT / "resumed")
        metrics = list(flatten_metrics(read_metrics(folder)))
        assert metrics == list(flatten_metrics(read_metrics(KEPT / "resumed")))
    else:
        recorded = dict(read_header(folder).environment)
        resumed(folder, although_changed=True)
        assert changes(folder) == describe_differences(recorded, engine_factory().environment())


def test_a_killed_run_of_another_environment_says_in_what_it_differs(tmp_path):
    folder = copied("killed", tmp_path)
    header = json.loads((folder / HEADER).read_text())
    here = dict(engine_factory().environment())
    header["environment"] = here | {"numpy": "0.0"}
    (folder / HEADER).write_text(json.dumps(header))
    _, end = resumed(folder, although_changed=True)
    assert end["step"] == EXPECTED["killed"]["resumed"]["step"]
    assert changes(folder) == [f"numpy: {here['numpy']} here, 0.0 recorded"]


@pytest.mark.parametrize("name", ["resumed", "killed", "changed"])
def test_it_is_cut_and_continued_although_it_has_changed(name, tmp_path):
    folder = tmp_path / name
    shutil.copytree(KEPT / name, folder)
    before = {item: (folder / item).read_bytes() for item in (JOURNAL, METRICS)}
    position = read_checkpoint(folder / "checkpoints" / "early.npz").position
    start, end = resumed(folder, name="early", although_changed=True)
    assert start["step"] == (40 if name == "changed" else 30)
    assert end["step"] == EXPECTED[name]["resumed"]["step"]
    number = 2 if name == "changed" else 1
    for item, content in before.items():
        whole = content[: content.rfind(b"\n") + 1]
        assert (folder / f"{item}.before-{number}").read_bytes() == whole
        lines = position.journal if item == JOURNAL else 1
        kept = whole.splitlines()[:lines]
        assert (folder / item).read_bytes().splitlines()[:lines] == kept
    changed = json.loads((folder / JOURNAL).read_text().splitlines()[position.journal])
    assert (changed["event"], changed["step"]) == ("changed", start["step"])
