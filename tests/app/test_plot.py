"""Charts: braille, axes, marks and ghosts, compared as text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tuitrain.app.renderables.charts import braille
from tuitrain.app.renderables.charts.axes import (
    Axes,
    decimal_labels,
    log_labels,
    nice_ticks,
    pad_constant_range,
)
from tuitrain.app.renderables.charts.branch_curves import branch_curves, value_range
from tuitrain.app.renderables.charts.chart import draw_chart
from tuitrain.app.renderables.charts.chart_view import ChartView
from tuitrain.app.renderables.charts.intervention_marks import intervention_marks
from tuitrain.app.renderables.charts.metrics import measured_metric
from tuitrain.app.renderables.charts.plot import Curve, Mark, plot
from tuitrain.app.renderables.rows import plain_text
from tuitrain.metric_info import MetricInfo
from tuitrain.run.snapshot import Intervention, Series

from .fake import CLIPPED, INTERVENTIONS, branch, branched, running


def text(rows) -> list[str]:
    return [plain_text(row).rstrip() for row in rows]


def series(*values: float, start: int = 0) -> Series:
    return Series(np.arange(start, start + len(values)), np.array(values, float))


def test_braille_dots():
    dots = braille.blank_canvas(2, 1)
    dots[0, 0] = dots[3, 3] = True
    assert braille.to_text(dots) == ["⠁⢀"]


def test_braille_joins_neighboring_columns():
    dots = braille.blank_canvas(1, 2)
    braille.draw_curve(dots, np.array([0.0, 1.0]), np.array([0.0, 1.0]), 0.0, 1.0)
    assert braille.to_text(dots) == ["⢸", "⡇"]


def test_columns_keep_the_extremes_of_many_points():
    values = np.zeros(10_000)
    values[4321] = 9.0
    low, mean, high = braille.bin_columns(Series(np.arange(10_000), values), 0, 9_999, 40)
    assert high.max() == 9.0
    assert low.max() == 0.0
    assert mean.max() == pytest.approx(9 / 256, rel=0.05)


def test_columns_are_interpolated_between_few_points():
    _, mean, _ = braille.bin_columns(Series(np.array([0, 10]), np.array([0.0, 10.0])), 0, 20, 21)
    assert mean[:11].tolist() == list(range(11))
    assert np.isnan(mean[11:]).all()


def test_columns_leave_a_gap_at_nan():
    values = np.array([1.0, 1.0, np.nan, 1.0, 1.0])
    _, mean, _ = braille.bin_columns(Series(np.arange(5), values), 0, 4, 9)
    assert np.isnan(mean).tolist() == [False, False, False, True, True, True, False, False, False]


def test_plot_of_a_line_with_a_mark():
    axes = Axes(0, 20, 0.0, 2.0, lambda value: f"{value:.0f}")
    curve = Curve(series(*np.linspace(2, 0, 21)))
    rows = plot([curve], axes, 24, 10, [Mark(10, "❄fc", "❄")])
    assert text(rows) == [
        "             ❄fc",
        "2┤⠑⠢⣀        ┊",
        " │   ⠉⠒⢄⡀    ┊",
        " │      ⠈⠒⢄⡀ ┊",
        "1┤         ⠈⠒⠤⡀",
        " │           ┊⠈⠑⠤⡀",
        " │           ┊   ⠈⠑⠤⢄",
        "0┤           ┊       ⠉⠢⢄",
        " └┬────────────────────┬",
        "  0                   20",
    ]


def test_plot_breaks_at_nan():
    axes = Axes(0, 4, 0.0, 1.0, lambda value: f"{value:.0f}")
    rows = plot([Curve(series(0.5, 0.5, np.nan, 0.5, 0.5))], axes, 12, 5)
    assert text(rows) == ["", "1┤", " │⠤⠤⠤    ⠤⠤⠤", "0┤", "  0"]


def test_plot_draws_the_mean_over_the_band():
    axes = Axes(0, 1999, 0.0, 1.0, str)
    noisy = Series(np.arange(2000), np.tile([0.0, 1.0], 1000))
    rows = plot([Curve(noisy, "curve", "band")], axes, 20, 7)
    roles = {role for row in rows for cells, role in row if "⣿" in cells}
    assert roles == {"band"}
    assert any(role == "curve" for row in rows for _, role in row)


def test_marks_that_collide_are_shortened_then_left_out():
    axes = Axes(0, 100, 0.0, 1.0, lambda value: f"{value:.0f}")
    marks = [Mark(50, "❄conv", "❄"), Mark(58, "lr conv", "lr"), Mark(60, "⇄conv", "⇄")]
    assert text(plot([], axes, 42, 6, marks))[0].split() == ["❄", "⇄conv"]


def test_a_plot_without_room_has_no_rows():
    assert plot([], Axes(0, 1, 0, 1, str), 6, 10) == []
    assert plot([], Axes(0, 1, 0, 1, str), 40, 2) == []


@pytest.mark.parametrize(
    ("low", "high", "max_ticks", "ticks"),
    [
        (0.0, 2.4, 4, [0.0, 1.0, 2.0]),
        (0.05, 0.1, 3, [0.06, 0.08, 0.1]),
        (0, 4690, 5, [0, 1000, 2000, 3000, 4000]),
        (1.0, 1.0, 5, []),
        (0.0, float("nan"), 5, []),
    ],
)
def test_nice_ticks(low, high, max_ticks, ticks):
    assert nice_ticks(low, high, max_ticks) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("exponent", "written"), [(0, "1"), (-2, "0.01"), (-5, "1e-5"), (-0.5, "0.3")]
)
def test_log_labels(exponent, written):
    assert log_labels(-6, 0)(exponent) == written


def test_intervention_marks():
    marks = intervention_marks(INTERVENTIONS, running().groups)
    assert [(mark.step, mark.label) for mark in marks] == [
        (250, "lr fc"),
        (520, "❄conv"),
        (700, "⇄fc adam"),
        (938, "☼conv"),
    ]
    assert [mark.role for mark in marks] == ["group-1", "group-0", "group-1", "group-0"]


def test_marks_of_the_verbs_that_set_schedules_and_clip():
    made = (Intervention(3, "schedule fc cosine to 0 over 9 epochs"), Intervention(4, "clip off"))
    marks = intervention_marks((*made, CLIPPED), running().groups)
    assert [(mark.label, mark.short_label) for mark in marks] == [
        ("∿fc cosine", "∿"),
        ("⊓off", "⊓"),
        ("⊓norm 1", "⊓"),
    ]
    assert [mark.role for mark in marks] == ["group-1", "accent", "accent"]


def test_plot_of_a_dotted_curve_with_its_name_at_its_end():
    axes = Axes(0, 20, 0.0, 2.0, lambda value: f"{value:.0f}")
    own, ghost = Curve(series(*[0.0] * 21)), Curve(series(*[2.0] * 14), dotted=True, name="b1")
    assert text(plot([own, ghost], axes, 24, 6)) == [
        "",
        "2┤⠁⠁⠁⠁⠁⠁⠁⠁⠁⠁⠁⠁⠁⠁⠁",
        " │             b1",
        " │",
        "0┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀",
        "  0                   20",
    ]


def test_plot_leaves_out_a_name_without_room():
    axes = Axes(0, 20, 0.0, 2.0, lambda value: f"{value:.0f}")
    ghost = Curve(series(0.0, 2.0), name="a long name")
    assert "name" not in "".join(text(plot([ghost], axes, 24, 6)))


def test_ghosts_start_at_their_fork_the_last_left_first():
    first, second = branch_curves(branched().branches, lambda branch: branch.loss)
    assert (first.name, second.name) == ("b1", "main")
    assert first.series.steps[[0, -1]].tolist() == [600, 1500]
    assert second.series.steps[0] == 1


def test_the_number_of_ghosts_is_limited():
    many = [branch(f"b{number}", 10, 20) for number in range(20)]
    assert branch_curves(many, lambda branch: branch.loss)[0].name == "b19"
    assert len(branch_curves(many, lambda branch: branch.loss)) == 6


def test_ghosts_lower_the_bottom_but_do_not_raise_the_top():
    left = [Curve(series(0.01, 900.0, float("nan")))]
    assert value_range([series(1.0, 2.0)], left) == (0.01, 2.0)
    assert value_range([series()], left) == (0.01, 900.0)
    assert value_range([series(1.0, 2.0)], left, rises=True) == (1.0, 900.0)
    assert value_range([series()], left, rises=True) == (0.01, 900.0)
    assert value_range([series()], []) is None


@pytest.mark.parametrize("span", [(-2.0, -1.7), (-2.0, -1.0), (-1.8, -1.72), (-6.0, 0.0)])
@pytest.mark.parametrize("max_ticks", [2, 4, 8])
def test_the_labels_of_a_logarithmic_axis_are_distinct(span, max_ticks):
    written = [log_labels(*span)(tick) for tick in nice_ticks(*span, max_ticks)]
    assert len(set(written)) == len(written)


def test_a_constant_range_is_padded_by_its_size():
    assert pad_constant_range(3e-6, 3e-6) == pytest.approx((1.5e-6, 4.5e-6))
    assert pad_constant_range(0.0, 0.0) == (-0.5, 0.5)
    assert pad_constant_range(3.2e-6, 3.3e-6) is None


@pytest.mark.parametrize(
    ("low", "high", "value", "written"),
    [
        (0.0, 2.3, 1.0, "1.0"),
        (0.0, 200_000.0, 100_000.0, "100000"),
        (0.0, 3e21, 1e21, "1.0e21"),
        (0.0, 3e21, 0.0, "0"),
        (0.0, 3e-6, 1e-6, "1.0e-6"),
    ],
)
def test_decimal_labels_are_short(low, high, value, written):
    assert decimal_labels(low, high)(value) == written


def test_log_labels_are_short():
    assert [log_labels(-4, 21)(exponent) for exponent in (-4, 0, 21)] == ["0.0001", "1", "1e21"]


@pytest.mark.parametrize("height", [8, 20, 60])
@pytest.mark.parametrize("span", [(0.975, 1.0), (0.0, 1.0), (0.2, 0.23)])
def test_no_two_ticks_of_the_y_axis_have_one_label(height, span):
    axes = Axes(0, 10, *span, lambda value: f"{value * 100:.0f} %")
    rows = text(plot([Curve(series(*np.linspace(*span, 11)))], axes, 40, height))
    labels = [row.partition("┤")[0].strip() for row in rows if "┤" in row]
    assert len(labels) >= 2
    assert len(set(labels)) == len(labels)


def test_a_branch_that_was_better_stays_in_view_after_a_rewind():
    info = MetricInfo("f1")
    shown = branched()
    left = replace(branch("b1", 2, 9), metrics={"f1": series(0.1, 0.2, 0.6, 0.95)})
    shown = replace(
        shown,
        info=replace(shown.info, metrics=(info,)),
        branches=(left,),
        metrics={"f1": series(0.1, 0.2)},
    )
    image = draw_chart(shown, measured_metric(info), ChartView(), 60, 20)
    labels = [row.partition("┤")[0].strip() for row in text(image.rows) if "┤" in row]
    assert max(map(float, labels)) >= 0.8
