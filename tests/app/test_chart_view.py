"""The view of all charts: zoom, pan, cursor; and charts of such views."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tuitrain.app.renderables.charts.chart import MAX_CURVES, draw_chart
from tuitrain.app.renderables.charts.chart_view import MIN_SPAN, ChartView
from tuitrain.app.renderables.charts.metrics import (
    ACCURACY,
    GRADIENT,
    LOSS,
    LR,
    chart_metrics,
    companion_metrics,
)
from tuitrain.app.renderables.charts.series import running_mean, value_at
from tuitrain.app.renderables.rows import plain_text, row_width
from tuitrain.run.snapshot import Series

from .fake import TITLE, branched, running, starting

METRICS = chart_metrics(TITLE.metrics)


def test_the_whole_run_is_in_view_at_first_and_after_zooming_out():
    assert ChartView().window(1200) == (0, 1200)
    assert ChartView().zoom(0.5, 1200).zoom(2, 1200) == ChartView()


def test_a_zoomed_view_follows_the_newest_step():
    view = ChartView().zoom(0.5, 1200)
    assert view.window(1200) == (600, 1200)
    assert view.window(1300) == (700, 1300)


def test_a_panned_view_stays_until_it_reaches_the_newest_step():
    view = ChartView().zoom(0.5, 1200).pan(-0.25, 1200)
    assert view.window(1200) == view.window(5000) == (450, 1050)
    assert view.pan(-9, 1200).window(1200) == (0, 600)
    assert view.pan(9, 1200) == ChartView().zoom(0.5, 1200)


def test_zooming_keeps_the_step_of_the_pointer():
    start, end = ChartView().zoom(0.5, 1200, about=300).window(1200)
    assert (start, end) == (150, 750)
    start, end = ChartView(cursor=300).zoom(0.5, 1200).window(1200)
    assert (start, end) == (150, 750)


def test_the_span_has_a_minimum():
    view = ChartView()
    for _ in range(30):
        view = view.zoom(0.5, 1200)
    assert view.window(1200) == (1200 - MIN_SPAN, 1200)
    assert ChartView().zoom(0.5, 2).window(2) == (0, 2)


def test_the_cursor_moves_the_window():
    view = ChartView().zoom(0.1, 1200).toggle_cursor(1200)
    assert view.cursor == 1200
    for _ in range(60):
        view = view.move_cursor(-1, 1200)
    start, end = view.window(1200)
    assert start <= view.cursor <= end
    assert view.cursor == 1200 - 60 * 2
    assert view.move_cursor(999, 1200).window(1200)[1] == 1200
    assert view.toggle_cursor(1200).cursor is None


def test_the_window_fits_a_rewound_run():
    view = ChartView(span=100, end=1000)
    assert view.window(400) == (300, 400)
    assert view.window(50) == (0, 50)


def test_value_at_is_the_last_value_up_to_a_step():
    series = Series(np.array([10, 20]), np.array([1.0, 2.0]))
    assert [value_at(series, step) for step in (9, 10, 19, 25, None)] == [None, 1, 1, 2, 2]


def test_the_running_mean_ignores_nan():
    series = Series(np.arange(4), np.array([1.0, np.nan, 3.0, 5.0]))
    assert running_mean(series, 2).values.tolist() == pytest.approx([1, np.nan, 3, 4], nan_ok=True)


@pytest.mark.parametrize("first", METRICS, ids=lambda metric: metric.name)
def test_no_metric_is_shown_twice(first):
    assert len({first, *companion_metrics(first)}) == 4


def test_a_chart_of_the_groups_names_its_curves_and_their_values():
    drawn = draw_chart(running(), LR, ChartView(), 60, 12)
    assert drawn.subtitle == "conv 0.0312  fc 0.001"
    assert all(row_width(row) <= 60 for row in drawn.rows)
    text = "\n".join(plain_text(row) for row in drawn.rows)
    assert " conv" in text
    assert " fc" in text


def test_the_title_of_a_chart():
    view = ChartView(logarithmic=True, smooth=True)
    assert draw_chart(running(), LOSS, view, 60, 12).title == "loss (log, mean of 50)"
    assert draw_chart(running(), GRADIENT, view, 60, 12).title == "|grad| (log, mean of 10)"
    assert draw_chart(running(), ACCURACY, view, 60, 12).title == "accuracy"


def test_cursor_is_drawn_and_read():
    drawn = draw_chart(running(), GRADIENT, ChartView(cursor=240), 60, 12)
    assert drawn.subtitle.startswith("step 240: conv 0.3")
    assert any("┃" in plain_text(row) for row in drawn.rows)
    assert not any(
        "┃" in plain_text(r) for r in draw_chart(running(), GRADIENT, ChartView(), 60, 12).rows
    )


def test_the_cursor_reads_the_present_branch():
    shown = branched()
    assert draw_chart(shown, LOSS, ChartView(cursor=100), 60, 12).subtitle == (
        f"step 100: {shown.loss.values[99]:.4g}"
    )


def test_values_out_of_view_do_not_set_the_scale():
    shown = running()
    late = draw_chart(shown, LOSS, ChartView(span=200), 60, 12)
    whole = draw_chart(shown, LOSS, ChartView(), 60, 12)
    assert plain_text(late.rows[1]).split("┤")[0] != plain_text(whole.rows[1]).split("┤")[0]
    assert plain_text(late.rows[-1]).split()[-2:] == ["1", "200"]
    assert plain_text(late.rows[-1]).split()[0] == "1"


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("span", [None, 10, 5000])
def test_every_chart_of_a_starting_run_can_be_drawn(metric, smooth, span):
    view = ChartView(smooth=smooth, span=span, logarithmic=True, cursor=3)
    rows = draw_chart(starting(), metric, view, 60, 12).rows
    assert plain_text(rows[0]) in (metric.empty_text, "nothing in view: 0 shows the whole run")


def test_a_learning_rate_of_zero_on_a_logarithmic_axis():
    shown = running()
    zero = replace(shown.histories[0], lr=Series(np.arange(3), np.zeros(3)))
    drawn = draw_chart(replace(shown, histories=(zero,)), LR, ChartView(logarithmic=True), 60, 12)
    assert plain_text(drawn.rows[0]) == "no step yet"


def test_the_number_of_drawn_groups_is_limited():
    shown = running()
    groups = tuple(replace(shown.groups[0], name=f"g{at}") for at in range(1000))
    traces = tuple(replace(shown.histories[0], name=group.name) for group in groups)
    many = replace(shown, groups=groups, histories=traces)
    drawn = draw_chart(many, LR, ChartView(), 60, 12)
    assert drawn.title == f"lr ({MAX_CURVES} of 1 000)"
    assert len(LR.curves(many)) == 1000


def test_the_cursor_starts_at_the_present_step():
    assert ChartView().toggle_cursor(1200, 900).cursor == 900
    assert (
        ChartView().zoom(0.1, 1200).toggle_cursor(1200, 900).cursor == 1200
    )  # the present step is out of view
