"""The renderables of inspections, compared as text, with letters in place of colors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tuitrain.app.renderables.heatmaps.filters import FilterGrid, filter_rows
from tuitrain.app.renderables.heatmaps.heatmap import (
    GlyphSet,
    draw_signed,
    draw_unsigned,
    resample,
    scale_legend,
    scale_limit,
)
from tuitrain.app.renderables.heatmaps.histogram_series import histogram_series_rows, series_range
from tuitrain.app.renderables.heatmaps.weight_facts import fact_rows
from tuitrain.app.renderables.heatmaps.weights import weight_picture_rows as weight_rows
from tuitrain.app.renderables.histograms.bars import histogram_rows
from tuitrain.app.renderables.histograms.value_bars import value_bar_rows
from tuitrain.app.renderables.rows import bar, plain_text, row_width
from tuitrain.app.renderables.samples.captions import caption
from tuitrain.app.renderables.samples.confusion import confusion_rows
from tuitrain.app.renderables.samples.pictures import image_rows
from tuitrain.app.renderables.samples.sample_rows import sample_rows
from tuitrain.app.renderables.samples.sheet import SampleSheet
from tuitrain.engines.array_statistics import describe_array
from tuitrain.engines.batch_view import NO_PREDICTION, InspectBatch
from tuitrain.engines.inspection import HistogramSeries, TensorSummary

from .fake_inspection import batch_view, confusions_of, facet, weights_view


def text(rows) -> list[str]:
    return [plain_text(row).rstrip() for row in rows]


def roles(rows) -> list[str]:
    return [role for row in rows for _, role in row]


def test_signed_numbers_have_zero_in_the_middle():
    row = np.array([[-2.0, -1.0, -0.4, 0.0, 0.4, 1.0, np.nan]])
    assert text(draw_signed(row, 1.0, GlyphSet.LETTERS)) == ["▼▼▾·▴▲!"]
    assert roles(draw_signed(np.vstack([row, -row]), 1.0, GlyphSet.BLOCKS)) == [
        "cell s-16 s16",
        "cell s-6 s6",
        "cell s0 s0",
        "cell s6 s-6",
        "cell s16 s-16",
        "cell n n",
    ]


def test_unsigned_numbers_are_shades():
    assert text(draw_unsigned(np.array([[0, 0.25, 0.5, 0.75, 1]]), GlyphSet.LETTERS)) == [" ░▒▓█"]
    assert roles(draw_unsigned(np.array([[0.0], [1.0], [0.5]]), GlyphSet.BLOCKS)) == [
        "cell u0 u16",
        "cell u8 x",
    ]


def test_zeros_are_zero_on_any_scale():
    assert text(draw_signed(np.zeros((1, 3)), 0.0, GlyphSet.LETTERS)) == ["···"]


def test_an_outlier_does_not_set_the_scale():
    values = np.ones(1000)
    values[7] = 1e6
    assert scale_limit(values) == 1.0
    assert scale_limit(np.array([np.nan, np.inf])) == 0.0


def test_large_matrices_are_averaged_and_small_ones_repeated():
    matrix = np.arange(12.0).reshape(4, 3)
    assert resample(matrix, 2, 3).tolist() == [[1.5, 2.5, 3.5], [7.5, 8.5, 9.5]]
    assert resample(matrix, 2, 1).tolist() == [[2.5], [8.5]]
    assert resample(matrix, 9, 7, grow=4).shape == (8, 6)
    assert resample(matrix, 100, 100, grow=4).shape == (16, 12)


def test_the_legend_has_the_ends_of_the_scale():
    assert plain_text(scale_legend(0.25, GlyphSet.LETTERS, 30)) == "-0.25 ▼▼▼▾▾▾▾·····▴▴▴▴▲▲▲ 0.25"


def test_filters_are_labeled_by_output_and_input():
    filters = np.zeros((2, 2, 2, 2))
    filters[1, 0, 0, 0] = -1
    filters[0, 1, 1, 1] = 1
    grid = FilterGrid.fit(filters.shape, 14, 7, GlyphSet.LETTERS)
    assert text(filter_rows(filters, 1.0, grid, 0, GlyphSet.LETTERS)) == [
        "o\\i  0  1",
        "   0 ·· ··",
        "     ·· ·▲",
        "",
        "   1 ▼· ··",
        "     ·· ··",
        "",
    ]


def test_filters_of_one_input_are_wrapped():
    filters = np.zeros((3, 1, 2, 2))
    filters[2] = 1
    grid = FilterGrid.fit(filters.shape, 6, 8, GlyphSet.LETTERS)
    assert text(filter_rows(filters, 1.0, grid, 0, GlyphSet.LETTERS)) == [
        "0  1",
        "·· ··",
        "·· ··",
        "",
        "2",
        "▲▲",
        "▲▲",
        "",
    ]


@pytest.mark.parametrize("ink", list(GlyphSet))
@pytest.mark.parametrize("size", [(24, 3), (36, 15), (56, 26), (96, 48)])
@pytest.mark.parametrize(
    "shape", [(16, 6, 5, 5), (6, 1, 5, 5), (64, 32, 1, 1), (10, 84), (120, 400), (120,), (1,), ()]
)
def test_weights_of_any_shape_fit(shape, size, ink):
    width, height = size
    rows, _ = weight_rows(facet(1, shape, 0.1, 86), shape, width, height, 0, ink)
    assert 0 < len(rows) <= height
    assert max(map(row_width, rows)) <= width


def test_a_matrix_says_that_its_cells_are_means():
    large, small = facet(1, (120, 400), 0.1, 86), facet(1, (10, 20), 0.1, 86)
    assert weight_rows(large, (120, 400), 40, 12, 0, GlyphSet.BLOCKS)[1] == (
        "a cell: the mean of 6 x 10 weights"
    )
    assert weight_rows(small, (10, 20), 40, 12, 0, GlyphSet.BLOCKS)[1] == "rows: out, columns: in"
    sampled = replace(small, block=(3, 2))
    assert weight_rows(sampled, (30, 40), 40, 12, 0, GlyphSet.BLOCKS)[1] == (
        "a cell: the mean of 2 x 1 weights"
    )


def test_a_few_values_are_bars_to_both_sides_of_zero():
    assert text(value_bar_rows(np.array([-0.5, 1.0, 0.0, np.nan]), 25)) == [
        "   0     -0.5    ██│",
        "   1        1      │█████",
        "   2        0      │",
        "   3        —      │",
    ]


def test_bars_are_drawn_in_eighths_of_at_least_one():
    assert [bar(share, 4) for share in (0, 1e-9, 0.5, 0.53, 1, 9)] == [
        "    ",
        "▏   ",
        "██  ",
        "██▏ ",
        "████",
        "████",
    ]


def widening() -> HistogramSeries:
    """Return two histograms of four bins: narrow, then wide."""
    return HistogramSeries(
        np.array([10, 20]),
        np.array([-1.0, -2.0]),
        np.array([1.0, 2.0]),
        np.array([[2, 2, 2, 2], [2, 2, 2, 2]]),
    )


def test_a_histogram_series_has_steps_to_the_right_and_values_upwards():
    assert series_range(widening()) == pytest.approx((-2, 2), abs=0.02)
    assert text(histogram_series_rows(widening(), 24, 5, GlyphSet.LETTERS)) == [
        " 1.99┤         ▓▓▓▓▓▓▓▓▓",
        "     │█████████▓▓▓▓▓▓▓▓▓",
        "    0┤█████████▓▓▓▓▓▓▓▓▓",
        "-1.99┤         ▓▓▓▓▓▓▓▓▓",
        "      step 10         20",
    ]


def test_a_histogram_series_of_one_value():
    course = HistogramSeries(np.array([3]), np.array([0.5]), np.array([0.5]), np.array([[0, 7, 0]]))
    rows = text(histogram_series_rows(course, 24, 6, GlyphSet.LETTERS))
    assert sum("█" in row for row in rows) == 1


def test_a_histogram_labels_its_ends_and_zero():
    now = describe_array(np.linspace(-1, 3, 100, dtype=np.float32))
    rows = text(histogram_rows(now, 40, 4))
    assert rows[-1] == "-1        0                            3"
    assert histogram_rows(describe_array(np.array([np.nan])), 40, 4) == []


@pytest.mark.parametrize("width", [40, 76, 116])
@pytest.mark.parametrize("name", ["value", "gradient", "update"])
def test_facts_fit_their_four_rows(width, name):
    view = weights_view("conv2.weight", (16, 6, 5, 5), "conv", 1204)
    rows = fact_rows(view, name, width)
    assert len(rows) == 4
    assert f"[{name}]" in plain_text(rows[0])
    if width > 40:
        assert all(row_width(row) <= width for row in rows)


def test_small_values_are_written_with_exponents():
    view = weights_view("conv2.weight", (16, 6, 5, 5), "conv", 1204)
    assert plain_text(fact_rows(view, "update", 60)[3]).startswith("update [  4.1e-4  -5.1e-4")


def test_a_tensor_without_values_has_no_picture():
    assert weight_rows(TensorSummary(), (3, 3), 40, 12, 0, GlyphSet.BLOCKS) == ([], "")


CONFUSED = np.array([[8, 2, 0], [0, 9, 1], [0, 0, 0]])


def test_the_matrix_has_recalls_and_the_worst_confusions_by_name():
    assert text(confusion_rows(confusions_of(CONFUSED), 44, 9, GlyphSet.LETTERS)) == [
        "is\\as   0  1  2  recall",
        "   0 │  8  2  ·  80.0 % ████████",
        "   1 │  ·  9  1  90.0 % █████████",
        "   2 │  ·  ·  ·       —",
        "worst confusions",
        "✗ 0 taken for 1       2×  20.0 % of the 0s",
        "✗ 1 taken for 2       1×  10.0 % of the 1s",
    ]


def test_confusions_are_shaded_by_how_many():
    rows = confusion_rows(confusions_of(CONFUSED), 60, 9, GlyphSet.BLOCKS)
    assert [role for role in roles(rows) if role.startswith("on ")] == ["on s12", "on s6"]


def test_many_classes_have_a_list_instead_of_a_matrix():
    confusion = np.eye(100, dtype=int) * 5
    confusion[42, 7] = 5
    rows = text(confusion_rows(confusions_of(confusion), 60, 20, GlyphSet.BLOCKS))
    assert rows[0] == "lowest recall of 100 classes (no room for the matrix)"
    assert rows[1].split()[:3] == ["42", "50.0", "%"]
    assert "✗ 42 taken for 7      5×  50.0 % of the 42s" in rows


def test_worst_confusions_are_sorted_and_exclude_zeros():
    assert [(entry.label, entry.guess, entry.count) for entry in confusions_of(CONFUSED).pairs] == [
        (0, 1, 2),
        (1, 2, 1),
    ]
    assert "every sample is right" in "".join(
        text(confusion_rows(confusions_of(np.eye(3, dtype=int)), 60, 9, GlyphSet.BLOCKS))
    )


def test_outputs_with_nan_are_counted_separately():
    rows = text(confusion_rows(confusions_of(CONFUSED, 4), 60, 9, GlyphSet.BLOCKS))
    assert "4 without a prediction: an output is NaN" in rows


def test_captions_mark_mistakes_in_text_and_role():
    view = batch_view(InspectBatch(), 7)
    one = replace(
        view,
        targets=replace(
            view.targets,
            labels=np.array([3, 3, 3]),
            predictions=np.array([3, 8, NO_PREDICTION]),
            confidence=np.array([0.97, 0.64, np.nan]),
        ),
    )
    captions = [caption(one, at, 9)[0] for at in range(3)]
    assert [(text.rstrip(), role) for text, role in captions] == [
        ("✓ 3 97%", "good"),
        ("✗ 3→8 64%", "bad"),
        ("✗ 3→? —", "bad"),
    ]


def test_an_image_is_averaged_to_its_cells():
    image = np.zeros((1, 8, 8), np.uint8)
    image[0, :, 4:] = 255
    assert text(image_rows(image, 2, 4, GlyphSet.LETTERS)) == ["  ██", "  ██"]
    channels = np.stack([image[0], np.zeros((8, 8), np.uint8), 255 - image[0]])
    assert roles(image_rows(channels, 1, 2, GlyphSet.BLOCKS)) == [
        "cell c00f c00f",
        "cell cf00 cf00",
    ]


def test_the_number_of_pictures_has_priority_over_their_size():
    sizes = [SampleSheet.fit((28, 28), width, height) for width, height in ((76, 16), (120, 50))]
    assert [(sheet.picture_width, sheet.columns * sheet.rows) for sheet in sizes] == [
        (14, 10),
        (28, 12),
    ]
    larger = SampleSheet.fit((28, 28), 76, 16, zoom=1)
    assert larger.picture_width == 28


@pytest.mark.parametrize("size", [(20, 3), (51, 29), (76, 16), (150, 50)])
@pytest.mark.parametrize("zoom", [-6, 0, 6])
def test_sheets_fit_their_room(size, zoom):
    rows = sample_rows(batch_view(InspectBatch(), 7), *size, 0, GlyphSet.BLOCKS, zoom)
    assert len(rows) <= size[1]
    assert all(row_width(row) <= size[0] + 1 for row in rows)


@pytest.mark.parametrize(
    ("low", "high", "width", "axis"),
    [
        (-1.0, 1.0, 12, "-1    0    1"),
        (-0.5, 0.75, 7, "-0.5   "),
        (-0.5, 0.75, 11, "-0.5   0.75"),
        (0.25, 0.75, 20, "0.25            0.75"),
    ],
)
def test_the_axis_of_a_histogram_never_joins_two_numbers(low, high, width, axis):
    now = describe_array(np.array([low, high]))
    assert plain_text(histogram_rows(now, width, 3)[-1]).ljust(width) == axis
