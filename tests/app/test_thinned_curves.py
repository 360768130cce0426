"""Charts of a long curve that a viewer has thinned, beside those of all its values."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.app.fake import running
from tuitrain.app.clipboard import step_text
from tuitrain.app.export.chart_files import means_note, to_csv
from tuitrain.app.renderables.charts.braille import bin_columns
from tuitrain.app.renderables.charts.chart import draw_chart
from tuitrain.app.renderables.charts.chart_view import ChartView
from tuitrain.app.renderables.charts.metrics import LOSS
from tuitrain.app.renderables.charts.plot import Curve
from tuitrain.app.renderables.charts.series import clip_steps, log10, running_mean
from tuitrain.app.renderables.rows import plain_text
from tuitrain.remote.snapshots.curves.received_curve import ReceivedCurve
from tuitrain.run.snapshot import Series

POINTS, SPIKE = 400_000, 150_000


@pytest.fixture(scope="module")
def whole() -> Series:
    generator = np.random.default_rng(0)
    steps = np.arange(1, POINTS + 1)
    values = 2 / (1 + steps / 50_000) * generator.gamma(4, 0.25, POINTS)
    values[SPIKE] = 25.0
    values[SPIKE + 1 : SPIKE + 5000] = np.nan
    return Series(steps, values)


@pytest.fixture(scope="module")
def thinned(whole: Series) -> Series:
    return ReceivedCurve.of(whole.steps, whole.values, thins=True).series()


def image(series: Series, view: ChartView) -> tuple[str, list[str]]:
    shown = replace(running(), step=POINTS, loss=series, branches=())
    drawn = draw_chart(shown, LOSS, view, 100, 20)
    return drawn.subtitle, [plain_text(row) for row in drawn.rows]


def test_the_columns_of_a_chart_have_the_same_means_and_extremes(whole, thinned):
    lows, means, highs = bin_columns(whole, 0, POINTS, 200)
    few_lows, few_means, few_highs = bin_columns(thinned, 0, POINTS, 200)
    np.testing.assert_allclose(few_means, means, rtol=0.05)
    # Some 2,000 steps are in a column, and up to 64 of its neighbors'.
    assert (few_lows == lows).mean() > 0.9
    assert (few_highs == highs).mean() > 0.9
    assert np.nanmax(few_highs) == 25.0


@pytest.mark.parametrize("view", [ChartView(), ChartView(smooth=True)])
def test_a_chart_of_the_whole_run_looks_the_same(whole, thinned, view):
    _, expected = image(whole, view)
    _, short = image(thinned, view)
    cells = [pair for rows in zip(expected, short, strict=True) for pair in zip(*rows, strict=True)]
    assert sum(old != new for old, new in cells) < len(cells) / 25


def test_the_newest_steps_are_all_there(whole, thinned):
    view = ChartView(span=10_000)
    assert image(thinned, view) == image(whole, view)


def test_a_value_that_is_a_mean_says_so(thinned):
    early, late = ChartView(cursor=1000), ChartView(cursor=POINTS - 10)
    assert "(mean of 64)" in image(thinned, early)[0]
    assert "mean of" not in image(thinned, late)[0]
    shown = replace(running(), loss=thinned)
    assert step_text(shown, [LOSS], 1000).endswith("(mean of 64 values)")
    assert "mean" not in step_text(shown, [LOSS], POINTS)


def test_files_say_up_to_which_step_values_are_means(whole, thinned):
    assert means_note([Curve(whole, "curve")]) == ""
    note = means_note([Curve(whole, "curve"), Curve(thinned, "curve")])
    last = int(thinned.steps[np.flatnonzero(thinned.counts > 1)[-1]])
    assert note == f"; values up to step {last} are means of several"
    assert to_csv([Curve(thinned, "curve")], "main").count("\n") == len(thinned) + 1


def test_a_running_mean_of_fewer_values_than_a_point_has_keeps_it(whole, thinned):
    means = running_mean(thinned, 50)
    older = thinned.counts > 50
    np.testing.assert_allclose(means.values[older], thinned.values[older])
    newest = slice(-10_000, None)
    np.testing.assert_allclose(
        means.values[newest], running_mean(whole, 50).values[newest], rtol=1e-9
    )


def test_parts_and_logarithms_of_a_thinned_curve_keep_its_extremes(thinned):
    part = log10(clip_steps(thinned, SPIKE - 100, SPIKE + 100))
    assert np.nanmax(part.highs) == pytest.approx(math.log10(25.0))
    assert part.counts.max() == 64
