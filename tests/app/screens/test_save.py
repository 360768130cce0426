"""Saving from the app: the run becomes a scenario, and no file is lost."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.app.fake import JOURNAL, FakeSource, running, starting
from tests.scenario.small import TEXT
from tuitrain.app.screens.dialogs.save import SaveDialog
from tuitrain.records.record_writer import RecordWriter
from tuitrain.run.snapshot import Phase
from tuitrain.scenario.load import load, loads
from tuitrain.scenario.verify import make_header


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a live run with commands."""
    with ExitStack() as files:
        recorder = RecordWriter(tmp_path / "run", make_header(loads(TEXT, "x.toml")), files)
        for entry in JOURNAL:
            recorder.command(entry)
        yield tmp_path / "run"


@pytest.mark.parametrize(
    "phase",
    [
        Phase.RUNNING,
        pytest.param(Phase.PAUSED, marks=pytest.mark.slow),
        Phase.FINISHED,
        pytest.param(Phase.FAILED, marks=pytest.mark.slow),
    ],
)
async def test_saving_shows_the_path(opened, folder, tmp_path, phase):
    async with opened(FakeSource(running(phase=phase)), record=folder) as person:
        await person.press("w")
        assert person.line.endswith("/lenet-decay.toml")
        await person.replace(str(tmp_path / "mine.toml"))
        assert person.line == f"→ {tmp_path}/mine.toml"
        await person.press("enter")
        assert person.status == f"✓ saved as {tmp_path}/mine.toml"
    done = [item.do for item in load(tmp_path / "mine.toml").at]
    assert done == ["lr fc 0.02", "freeze conv", "optimizer fc adam lr=0.001", "thaw conv"]


async def test_an_existing_file_is_overwritten_only_after_confirmation(opened, folder, tmp_path):
    target = tmp_path / "mine.toml"
    target.write_text("mine")
    async with opened(record=folder) as person:
        await person.press("w")
        await person.replace(str(target))
        assert person.line == f"→ {target}   (exists)"
        await person.press("enter")
        assert person.line == f"⚠ {target} exists; enter overwrites it"
        assert target.read_text() == "mine"
        await person.press("escape")
        assert target.read_text() == "mine"
        await person.press("w")
        await person.replace(str(target))
        await person.press("enter", "enter")
        assert person.status == f"✓ saved as {target}"
    assert load(target).at


async def test_another_name_needs_its_own_confirmation(opened, folder, tmp_path):
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(name)
    async with opened(record=folder) as person:
        await person.press("w")
        await person.replace(str(tmp_path / "a.toml"))
        await person.press("enter")
        await person.replace(str(tmp_path / "b.toml"))
        await person.press("enter")
        assert isinstance(person.app.screen, SaveDialog)
    assert (tmp_path / "b.toml").read_text() == "b.toml"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "✗ name a file"),
        ("{}", "✗ {} is a folder"),
        ("{}/mine.txt", "✗ end the name with .toml"),
        ("{}/nowhere/mine.toml", "✗ there is no folder {}/nowhere"),
    ],
)
async def test_an_invalid_name_says_why(opened, folder, tmp_path, name, message):
    async with opened(record=folder) as person:
        await person.press("w")
        await person.replace(name.format(tmp_path))
        await person.press("enter")
        assert person.line.startswith(message.format(tmp_path))


async def test_a_failed_save_is_reported_without_a_traceback(opened, folder, tmp_path):
    (folder / "header.json").write_text("{")
    async with opened(record=folder) as person:
        await person.press("w")
        await person.replace(str(tmp_path / "mine.toml"))
        await person.press("enter")
        assert person.status.startswith("✗ ")
    assert not (tmp_path / "mine.toml").exists()


async def test_saving_needs_a_started_run_and_a_record(opened, folder):
    async with opened(FakeSource(starting()), record=folder) as person:
        await person.press("w")
        assert person.status == "nothing to save yet: the run is starting"
    async with opened() as person:
        await person.press("w")
        assert person.status == "this run keeps no record to save"
