"""Recorded runs next to the present one: pinned, drawn, compared."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import pytest
from textual.widgets import Static

from tests.app.fake import running
from tests.run_folders import flown, groups, left_behind, losses
from tuitrain.app.export.chart_files import to_csv
from tuitrain.app.pinning import toggle_pin
from tuitrain.app.renderables.charts.chart import draw_chart, last_step
from tuitrain.app.renderables.charts.chart_view import ChartView
from tuitrain.app.renderables.charts.metrics import ACCURACY, GRADIENT, LOSS, LR, UPDATE
from tuitrain.app.renderables.charts.pinned_runs import (
    PIN_LETTERS,
    PinnedRun,
    legend_rows,
    pinned_curves,
)
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.screens.run_choice.past_runs import RunsScreen
from tuitrain.app.widgets.charts.chart import Chart
from tuitrain.errors import TuitrainError
from tuitrain.run.snapshot import GroupHistory, Series
from tuitrain.scenario.runs.final_curves import FinalCurves
from tuitrain.scenario.runs.run_list import describe_run, list_runs

CASES = {
    "list": (),
    "learning rates": ("right_square_bracket",),
    "pinned": ("escape",),
    "read at a step": ("escape", "x", "left"),
}
SIZES = ((80, 24), (120, 36), (200, 60))
FOLDING = ("list", "pinned")
"""Cases whose layout depends on the size; the others have one picture."""


def pinned(letter: str = "A", last: int = 2000) -> PinnedRun:
    steps = np.arange(1, last + 1)
    loss, accuracy = Series(steps, np.full(last, 0.5)), Series(steps[-1:], np.array([0.8]))
    traces = [
        GroupHistory(name, Series(steps, np.full(last, lr)))
        for name, lr in (("conv", 0.1), ("fc", 0.2))
    ]
    curves = FinalCurves(loss, {"accuracy": accuracy}, tuple(traces))
    return PinnedRun(f"runs/{letter}", f"run {letter}", letter, curves)


def test_pinned_runs_have_distinct_styles():
    runs = [pinned(letter) for letter in PIN_LETTERS]
    for field in ("role", "dash", "letter"):
        assert len({getattr(run, field) for run in runs}) == len(PIN_LETTERS)


def test_the_legend_has_names_and_last_values():
    (row,) = legend_rows([pinned("A"), pinned("B")], LOSS, None, LOSS.format, 80)
    assert plain_text(row) == "A ⠒ ⠒  run A 0.5   B ⠒⠒⠂⠒ run B 0.5"


def test_the_legend_drops_names_before_values():
    (row,) = legend_rows([pinned("A"), pinned("B")], LOSS, None, LOSS.format, 28)
    assert "run" not in plain_text(row)
    assert plain_text(row).count("0.5") == 2


def test_a_pinned_run_has_curves_of_its_recorded_metrics():
    assert [curve.name for curve in pinned_curves([pinned()], LOSS)] == ["A"]
    assert [curve.name for curve in pinned_curves([pinned()], ACCURACY)] == ["A"]
    assert [curve.name for curve in pinned_curves([pinned()], LR)] == ["A conv", "A fc"]
    assert pinned_curves([pinned()], GRADIENT) == []


def test_one_group_can_be_drawn_alone():
    (curve,) = pinned_curves([pinned()], LR, "fc")
    assert (curve.name, curve.series.values[0]) == ("A", 0.2)
    drawn = draw_chart(running(), LR, ChartView(pinned=(pinned(),), group="fc"), 60, 12)
    assert drawn.title == "lr of fc"
    assert drawn.subtitle == "fc 0.001"
    assert plain_text(drawn.rows[0]) == "A ⠒ ⠒  run A 0.2"
    assert draw_chart(running(), LOSS, ChartView(group="fc"), 60, 12).title == "loss"


def test_the_legend_of_several_groups_has_no_value():
    (row,) = legend_rows([pinned()], LR, None, LR.format, 80)
    assert plain_text(row) == "A ⠒ ⠒  run A"


def test_all_learning_rates_are_in_view():
    drawn = draw_chart(running(), LR, ChartView(pinned=(pinned(),)), 60, 14)
    assert "0.20┤" in "\n".join(map(plain_text, drawn.rows))


def test_recorded_group_metrics_are_drawn(tmp_path):
    folder = flown(tmp_path / "a")
    looked = [groups(step, conv=(step / 100, 0.001), fc=(0.5, 0.002)) for step in (10, 20)]
    (folder / "groups.jsonl").write_text("".join(f"{json.dumps(entry)}\n" for entry in looked))
    (pin,) = toggle_pin((), describe_run(folder))
    rates = pin.series_by_name(LR)
    assert (rates["fc"].values[0], rates["fc"].values[-1]) == (0.05, 0.001)
    assert pin.series_by_name(GRADIENT, "conv")["conv"].values.tolist() == [0.1, 0.2]
    assert pin.series_by_name(UPDATE)["fc"].values.tolist() == [0.002, 0.002]


def test_the_axis_ends_with_the_longest_run():
    assert last_step(running(1204)) == 1204
    assert last_step(running(1204), [pinned(last=2000)]) == 2000


def test_a_pinned_run_does_not_stretch_the_present_one():
    steps = np.arange(1, 11)
    wild = PinnedRun("w", "wild", "A", FinalCurves(Series(steps, np.full(10, 1e6))))
    plain_rows = draw_chart(running(), LOSS, ChartView(), 60, 14).rows
    with_it = draw_chart(running(), LOSS, ChartView(pinned=(wild,)), 60, 15).rows
    assert [plain_text(row) for row in with_it[1:]][1:] == [plain_text(row) for row in plain_rows][
        1:
    ]


def test_a_low_chart_has_the_letters_in_its_title():
    drawn = draw_chart(running(), LOSS, ChartView(pinned=(pinned(),)), 44, 6)
    assert drawn.title == "loss · A"
    assert "A" in draw_chart(running(), LOSS, ChartView(pinned=(pinned(),)), 44, 12).rows[0][0][0]


def test_exported_files_have_the_pinned_runs():
    curves = [*LOSS.curves(running(3)), *pinned_curves([pinned(last=2)], LOSS)]
    assert "A,2,0.5" in to_csv(curves, "main").splitlines()


def test_a_letter_is_free_again_when_its_run_is_unpinned(tmp_path):
    runs = [describe_run(flown(tmp_path / name)) for name in ("a", "b", "c")]
    pins = toggle_pin(toggle_pin((), runs[0]), runs[1])
    pins = toggle_pin(toggle_pin(pins, runs[0]), runs[2])
    assert [(run.letter, run.key[-1]) for run in pins] == [("A", "c"), ("B", "b")]


def test_the_number_of_pinned_runs_is_limited(tmp_path):
    pins = ()
    for name in PIN_LETTERS:
        pins = toggle_pin(pins, describe_run(flown(tmp_path / name)))
    with pytest.raises(TuitrainError, match="5 runs are pinned already"):
        toggle_pin(pins, describe_run(flown(tmp_path / "more")))


def test_a_damaged_run_is_not_pinned(tmp_path):
    folder = left_behind(tmp_path / "a")
    (folder / "header.json").write_text("{")
    with pytest.raises(TuitrainError, match="ends too early"):
        toggle_pin((), describe_run(folder))


async def test_r_lists_the_runs_and_space_pins_them(opened, tmp_path):
    flown(tmp_path / "a", started_at=datetime(2026, 1, 5), name="monday")
    flown(tmp_path / "b", started_at=datetime(2026, 1, 6), name="tuesday")
    async with opened() as person:
        person.deck.compare_with(tmp_path)
        await person.press("R", "space")
        screen = person.app.screen
        assert isinstance(screen, RunsScreen)
        table = str(screen.query_one("#compared", Static).content)
        assert [line.split()[0] for line in table.splitlines()[1:]] == ["now", "A"]
        await person.press("escape")
        assert [run.name for run in person.deck.chart_view.pinned] == ["tuesday 01-06 00:00"]
        await person.press("R", "space", "escape")
        assert person.deck.chart_view.pinned == ()


async def test_the_compared_metric_can_be_changed(opened, tmp_path):
    flown(tmp_path / "a", started_at=datetime(2026, 1, 5), name="monday")
    async with opened() as person:
        person.deck.compare_with(tmp_path)
        await person.press("R", "space")
        screen = person.app.screen
        first, second = screen.query(Chart)
        await person.press("g")
        text = str(screen.query_one("#compared", Static).content)
        assert text == "the loss is the whole network's; ] shows metrics of groups"
        await person.press("right_square_bracket")
        assert str(first.border_title) == "lr"
        await person.press("g")
        assert str(first.border_title) == "lr of conv"
        await person.press("g", "g")
        assert str(first.border_title) == "lr"
        await person.press("left_square_bracket", "left_square_bracket")
        assert [chart.metric for chart in (first, second)] == [ACCURACY, LOSS]


async def test_the_comparison_follows_the_present_run(opened, tmp_path):
    flown(tmp_path / "a")
    async with opened() as person:
        person.deck.compare_with(tmp_path)
        await person.press("R", "space")
        table = person.app.screen.query_one("#compared", Static)
        before = str(table.content)
        accuracy = Series(np.array([313, 938, 1250]), np.array([0.4, 0.5, 0.123]))
        person.source.show(step=1250, metrics={"accuracy": accuracy})
        await person.look()
        assert "12.3 %" in str(table.content)
        assert str(table.content) != before


async def test_pinning_a_damaged_run_shows_the_reason(opened, tmp_path):
    folder = flown(tmp_path / "a")
    (folder / "journal.jsonl").write_text("{}\nnothing\n")
    async with opened() as person:
        person.deck.compare_with(tmp_path)
        await person.press("R", "space")
        assert "journal.jsonl" in str(person.app.screen.query_one("#compared", Static).content)


async def test_the_key_says_so_without_recorded_runs(opened):
    async with opened() as person:
        await person.press("R")
        assert person.status == "no folder of past runs is known here"


async def test_runs_are_filtered(opened, tmp_path):
    flown(tmp_path / "a", name="monday")
    flown(tmp_path / "b", name="tuesday")
    async with opened() as person:
        person.deck.compare_with(tmp_path)
        await person.press("R", "slash")
        await person.type("mon")
        assert isinstance(person.app.screen, RunsScreen)
        assert [run.name for run in person.app.screen.runs.visible_items] == ["monday"]


async def test_the_list_includes_newly_recorded_runs(opened, tmp_path):
    async with opened() as person:
        person.deck.compare_with(tmp_path)
        await person.press("R", "escape")
        flown(tmp_path / "a")
        await person.press("R")
        assert isinstance(person.app.screen, RunsScreen)
        assert list(person.app.screen.runs.visible_items) == list_runs(tmp_path)


@pytest.mark.parametrize(
    ("case", "size"),
    [
        pytest.param(case, size, id=f"{case}-{size[0]}x{size[1]}")
        for case in CASES
        for size in (SIZES if case in FOLDING else SIZES[1:2])
    ],
)
@pytest.mark.slow
async def test_picture(case, size, opened, tmp_path, picture):
    metrics = [losses(1, 900, 0.1)]
    left_behind(tmp_path / "a", (), metrics, datetime(2026, 1, 5), name="monday", steps=900)
    flown(tmp_path / "b", 100, 0.4, started_at=datetime(2026, 1, 6), name="tuesday")
    flown(tmp_path / "c", 60, started_at=datetime(2026, 1, 7), name="wednesday")
    async with opened(size=size) as person:
        person.deck.compare_with(tmp_path)
        await person.press("R", "space", "down", "down", "space", *CASES[case])
        assert person.svg() == picture
