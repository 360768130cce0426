"""The display alone: holding it, read-only runs, exported files."""

from __future__ import annotations

import resource
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from tuitrain.app.export.chart_files import (
    legend_rows,
    to_csv,
    with_every_rate,
    write_new_files,
)
from tuitrain.app.renderables.charts.plot import Curve
from tuitrain.app.widgets.footer import KeyFooter
from tuitrain.app.widgets.header import RunHeader
from tuitrain.errors import TuitrainError
from tuitrain.run.history.lr_curve import LrCurve
from tuitrain.run.snapshot import GroupHistory, LrSpan, Series


def top(person) -> str:
    return person.deck.query_one(RunHeader).rendered_rows[0]


async def test_a_held_display_does_not_change_and_says_so(opened):
    async with opened() as person:
        await person.press("p")
        person.source.show(step=2000)
        await person.look()
        assert "‖ DISPLAY HELD   step 1 204" in top(person)
        assert person.sent == []
        await person.press("p")
        assert "▶ RUNNING   step 2 000" in top(person)


async def test_a_command_releases_a_held_display(opened):
    async with opened() as person:
        await person.press("p", "f")
        person.source.answer("applied", "4 parameters hold still")
        await person.look()
        assert person.status.startswith("✓ freeze conv  applied")
        assert "RUNNING" in top(person)


STEERS = ("space", "full_stop", "f", "l", "o", "d", "D", "c", "g", "t", "B", "u", "r", "backspace")


@pytest.mark.parametrize("key", [*STEERS, "colon", "s", "K"])
@pytest.mark.slow
async def test_read_only_refuses_commands_in_one_line(opened, key):
    async with opened(read_only=True) as person:
        await person.press(key)
        assert person.status == "read-only: this screen shows the run and does not steer it"
        assert person.app.screen is person.deck
        assert person.sent == []


async def test_read_only_allows_inspection(opened):
    async with opened(read_only=True) as person:
        await person.press("]", "+", "slash")
        await person.type("conv1*")
        await person.press("enter", "question_mark")
        assert person.app.screen is not person.deck


def test_csv_has_every_point_of_every_curve():
    curves = [
        Curve(Series(np.array([1, 2]), np.array([0.1, np.nan]))),
        Curve(Series(np.array([2]), np.array([1 / 3])), name="b1"),
    ]
    text = to_csv(curves, "main")
    assert text == f"curve,step,value\nmain,1,0.1\nmain,2,nan\nb1,2,{1 / 3!r}\n"


def test_the_file_of_learning_rates_has_every_step():
    spans = (LrSpan(0, 0.01), LrSpan(380, 0.003))
    history = GroupHistory("all", LrCurve(spans).until(760), lr_spans=spans)
    curves = [
        Curve(history.lr, name="all"),
        Curve(Series(np.array([0]), np.array([1.0])), name="A"),
    ]
    written = with_every_rate(curves, [history])
    lines = to_csv(written, "main").splitlines()
    assert (lines[1], lines[380], lines[381], lines[761]) == (
        "all,0,0.01",
        "all,379,0.01",
        "all,380,0.003",
        "all,760,0.003",
    )
    assert lines[762:] == ["A,0,1.0"]
    longer = [Curve(Series(np.array([0, 2_000_000]), np.array([0.1, 0.1])), name="all")]
    assert with_every_rate(longer, [history]) == longer


def test_an_exported_picture_names_the_present_curves_in_their_colors():
    def curve(name, role="group-0", dash=""):
        return Curve(Series(np.array([1]), np.array([0.1])), role, name=name, dash=dash)

    conv, fc, ghost, pinned = curve("conv"), curve("fc", "group-1"), curve("b1", "ghost"), "1100"
    rows = legend_rows([conv, fc, ghost, curve("A", dash=pinned)], 40)
    assert rows == [(("conv  ", "group-0"), ("fc  ", "group-1"))]
    assert len(legend_rows([conv, fc], 5)) == 2, "as many lines as they take"
    assert legend_rows([conv, ghost], 40) == legend_rows([curve("", "curve")], 40) == []


def test_an_export_overwrites_no_file(tmp_path):
    files = {".csv": "1", ".svg": b"2"}
    (tmp_path / "my-run-5.svg").write_text("mine")
    first, second = (
        write_new_files(tmp_path, "my run/5", files),
        write_new_files(tmp_path, "my run/5", files),
    )
    assert [item.name for item in first] == ["my-run-5-2.csv", "my-run-5-2.svg"]
    assert [item.name for item in second] == ["my-run-5-3.csv", "my-run-5-3.svg"]
    assert (tmp_path / "my-run-5.svg").read_text() == "mine"


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(TuitrainError, match=r"cannot write .*gone/x\.csv: No such file"):
        write_new_files(tmp_path / "gone", "x", {".csv": ""})


@contextmanager
def room_for(size):
    """Limit the length of files, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_no_partial_export(tmp_path):
    with room_for(1000), pytest.raises(TuitrainError) as raised:
        write_new_files(tmp_path, "x", {".csv": "1", ".svg": "2" * 5000})
    assert str(raised.value) == f"cannot write {tmp_path / 'x.svg'}: File too large"
    assert list(tmp_path.iterdir()) == []


STEM = "lenet-decay-lr-1204"


async def test_the_export_key_writes_numbers_and_pictures(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with opened() as person:
        await person.press("]", "E")
        assert person.status == f"✓ written: {STEM}.csv, .svg and .png"
    lines = (tmp_path / f"{STEM}.csv").read_text().splitlines()
    assert {line.split(",")[0] for line in lines[1:]} == {"conv", "fc"}
    assert (tmp_path / f"{STEM}.svg").read_text().startswith("<svg")
    with Image.open(tmp_path / f"{STEM}.png") as picture:
        assert picture.format == "PNG"


async def test_without_pillow_only_the_png_is_missing_and_the_message_says_what_to_install(
    opened, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "PIL", None)
    async with opened() as person:
        await person.press("]", "E")
        assert person.status == (
            f"✓ written: {STEM}.csv and .svg; a PNG needs Pillow, which is not installed: "
            'pip install "tuitrain[png]"'
        )
    assert sorted(item.suffix for item in tmp_path.iterdir()) == [".csv", ".svg"]


async def test_read_only_shows_no_key_that_would_be_refused(opened):
    async with opened(read_only=True, size=(200, 36)) as person:
        keys = {item.key for item in person.deck.query_one(KeyFooter).hints}
        assert keys.isdisjoint((*"fldotur.sgb:", "space", "⌫"))
        assert keys.issuperset(("W", "N", "i", "?", "q", "←"))
        await person.press("W")
        hints = {item.key: item.enabled for item in person.app.screen.query_one(KeyFooter).hints}
        assert (hints["f"], hints["space"], hints["N"]) == (False, False, True)
