"""Samples of each kind and their results, compared as text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.hostile import TEXTS
from tuitrain.app.renderables.heatmaps.heatmap import GlyphSet
from tuitrain.app.renderables.rows import plain_text, row_width
from tuitrain.app.renderables.samples.captions import (
    aligned_format,
    batch_title,
    caption,
    input_note,
)
from tuitrain.app.renderables.samples.confusion import confusion_rows, overall_accuracy
from tuitrain.app.renderables.samples.curves import plot_curves
from tuitrain.app.renderables.samples.errors import error_rows, scatter_dots, scatter_rows
from tuitrain.app.renderables.samples.pictures import image_rows
from tuitrain.app.renderables.samples.sample_rows import sample_rows
from tuitrain.engines.batch_view import (
    SAMPLE_SELECTIONS,
    ClassTargets,
    InspectBatch,
    NumberTargets,
    SampleInputs,
)
from tuitrain.engines.class_results import ClassResults, count_confusions
from tuitrain.engines.error_results import NumberResults
from tuitrain.text import visible

from .fake_samples import KINDS, view_of


def text(rows) -> list[str]:
    return [plain_text(row).rstrip() for row in rows]


def roles(rows) -> set[str]:
    return {role for row in rows for _, role in row}


def drawn(view, width=60, height=12, first=0) -> list[str]:
    return text(sample_rows(view, width, height, first, GlyphSet.LETTERS))


def results_of(view, width: int, height: int):
    targets = view.targets
    if isinstance(targets, ClassTargets):
        names = targets.class_names
        return confusion_rows(targets.confusions, width, height, GlyphSet.LETTERS, names)
    if isinstance(targets, NumberTargets):
        return scatter_rows(targets, width, height)
    return error_rows(targets.test_errors, width, height)


def predicted(outputs, targets, inputs, samples="probe", **names):
    """Return a view of numbers."""
    results = NumberResults(samples)
    results.add(np.array(outputs, float), np.array(targets, float))
    return view_of(InspectBatch(samples), 3, results, np.array(inputs, np.float32), **names)


def spelled(tokens, logits, names, samples="probe"):
    """Return a view of tokens with a class each."""
    results = ClassResults(samples, len(names), names)
    results.add(np.array(logits, float), np.array(tokens))
    return view_of(InspectBatch(samples), 3, results, np.array(tokens, np.int32), vocabulary=names)


def classified(labels, logits, inputs, names):
    """Return a view of rows with a class each."""
    results = ClassResults("probe", len(names), names)
    results.add(np.array(logits, float), np.array(labels))
    return view_of(InspectBatch("probe"), 3, results, inputs)


@pytest.mark.parametrize("samples", SAMPLE_SELECTIONS)
@pytest.mark.parametrize("size", [(1, 1), (9, 3), (24, 5), (53, 29), (76, 16), (200, 50)])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_fits_its_room(kind, size, samples):
    view = KINDS[kind](InspectBatch(samples), 7)
    width, height = size
    for glyphs in GlyphSet:
        for first, zoom in ((0, 0), (len(view) - 1, -6), (3, 6)):
            rows = sample_rows(view, width, height, first, glyphs, zoom)
            assert len(rows) <= height
            if width > 23:
                assert max(map(row_width, rows), default=0) <= width + 1
    rows = results_of(view, width, height)
    assert len(rows) <= height
    if width > 23:
        assert max(map(row_width, rows), default=0) <= width
    assert batch_title(view)
    assert isinstance(input_note(view), str)


@pytest.mark.parametrize("kind", KINDS)
def test_one_sample_and_none(kind):
    view = KINDS[kind](InspectBatch(), 7)
    targets = view.targets
    shown = ("labels", "predictions", "confidence", "targets", "outputs", "errors")
    for count in (0, 1):
        fewer = {name: getattr(targets, name)[:count] for name in shown if hasattr(targets, name)}
        inputs = replace(view.inputs, values=view.inputs.values[:count])
        few = replace(view, inputs=inputs, targets=replace(targets, **fewer))
        assert bool(sample_rows(few, 53, 20, 0, GlyphSet.BLOCKS)) == bool(count)
        assert f" {count} of the test set" in batch_title(few)


@pytest.mark.parametrize("name", TEXTS)
def test_names_and_tokens_are_shown_as_written(name):
    labels = np.array([[0, 1, 2, 0]])
    several = spelled(labels, 5 * np.eye(3)[labels], (name, "b", name))
    results = ClassResults("probe", 2, (name, "other"))
    results.add(np.array([[0.0, 9]]), np.array([0]))
    inputs = np.ones((1, 2), np.float32)
    one = view_of(InspectBatch(), 3, results, inputs, feature_names=(name, name))
    for view in (several, one):
        rows = [*sample_rows(view, 200, 9, 0, GlyphSet.LETTERS), *results_of(view, 200, 20)]
        on = [span for row in rows for span, _ in row]
        assert [*map(visible, on)] == on
        beginning = visible(name).strip()[:6]
        assert any(beginning in line for line in text(rows))


def test_tokens_are_over_their_true_and_predicted_classes():
    logits = 5 * np.eye(4)[[[0, 1, 3]]]
    assert drawn(spelled([[0, 1, 2]], logits, ("the", "cat", "sat", "\n")), 40, 4) == [
        "✗ 2 of 3 right",
        "input     the cat sat",
        "true      the cat sat",
        "predicted the cat ␊",
    ]


def test_characters_have_no_gaps_and_long_sequences_continue_in_further_lines():
    tokens = np.array([[0, 1] * 30])
    view = spelled(tokens, 5 * np.eye(2)[tokens], ("a", " "))
    rows = drawn(view, 30, 10)
    assert rows[0] == "✓ 60 of 60 right"
    assert rows[1:] == [f"{name:<10}{'a␣' * 10}" for name in ("input", "true", "predicted")] * 3
    assert drawn(view, 30, 9) == ["✓ 60 of 60 right …", *rows[1:7]], "cut at whole parts"


def test_samples_of_two_numbers_are_points_in_the_color_of_the_prediction():
    inputs = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)
    view = classified([0, 0, 1, 1], 5 * np.eye(2)[[0, 0, 1, 0]], inputs, ("low", "high"))
    rows = sample_rows(view, 60, 30, 0, GlyphSet.BLOCKS)
    assert text(rows)[0] == "● low  ● high  in the color of the prediction, ✗ wrong"
    points = [span for row in rows[1:17] for span in row if span[0].strip() in ("●", "✗")]
    assert points == [("●", "group-1"), ("✗", "group-0"), ("●", "group-0"), ("●", "group-0")]
    assert len(rows) <= 30
    assert sample_rows(view, 60, 8, 0, GlyphSet.BLOCKS)[0] != rows[0], "too low for a picture"


def test_numbers_of_a_column_have_the_same_decimals():
    write = aligned_format(np.array([0.185, -0.04, 24, 24.6, np.nan]))
    assert [*map(write, (0.185, -0.04, 24, 24.6, -0.001, np.nan, np.inf))] == [
        "0.2",
        "0.0",
        "24.0",
        "24.6",
        "0.0",
        "NaN",
        "inf",
    ]
    assert aligned_format(np.array([181.0, 3750]))(181.0) == "181"
    assert aligned_format(np.array([1e-4, 2e-4]))(1e-4) == "1.0e-4"


def test_numbers_have_names_errors_and_what_is_left_out():
    inputs = np.arange(12).reshape(2, 6)
    view = predicted([1, np.nan], [1.5, 2], inputs, feature_names=("a", "b", "width", "[d]"))
    assert drawn(view, 72) == [
        "true→predicted    error  a  b  width  [d]   4   5",
        "1.50→1.00         0.500  0  1      2    3   4   5",
        "2.00→NaN            NaN  6  7      8    9  10  11",
    ]
    assert drawn(view, 33) == [
        "true→predicted  a  b  width … +3",
        "1.50→1.00       0  1      2",
        "2.00→NaN        6  7      8",
    ]
    one = replace(view, inputs=replace(view.inputs, values=inputs[:, :1]))
    assert drawn(one, 50) == [
        "true→predicted    error  a",
        "1.50→1.00         0.500  0",
        "2.00→NaN            NaN  6",
    ]


def test_captions_of_numbers_are_written_out_where_there_is_room():
    view = predicted([[0.51], [np.inf]], [0.43, -1], [[1, 2], [3, 4]])
    assert plain_text(caption(view, 0, 45)).rstrip() == "true 0.43  predicted 0.51  error 8.0e-2"
    assert caption(view, 1, 8) == (("-1→inf  ", "bad"),)


def test_a_curve_as_text():
    wave = np.array([[0, 1, 2, 3, 3, 2, 1, 0]])
    assert text(plot_curves(wave, 4, 2, (0, 3))) == [" ⡜⢣", "⡸  ⢇"]
    gap = np.array([[0.0, np.nan, np.inf, 3]])
    assert text(plot_curves(gap, 2, 1, (0, 3))) == ["⡀⠈"]


def test_a_constant_curve_is_in_the_middle():
    assert text(plot_curves(np.full((1, 9), 7.0), 3, 2, (7, 7))) == ["", "⠉⠉⠉"]


def test_every_curve_has_a_role():
    assert roles(plot_curves(np.array([[0, 0], [9, 9]]), 4, 4, (0, 9))) == {
        "curve",
        "curve-2",
        "text",
    }


@pytest.mark.parametrize("seed", range(5))
def test_a_scatter_plot_has_the_dots_of_a_naive_one(seed):
    draw = np.random.default_rng(seed)
    true, guess = draw.normal(size=(2, 40))
    low, high = min(true.min(), guess.min()), max(true.max(), guess.max())
    dots = scatter_dots(true, guess, low, high, 9, 5)
    expected = {
        (round((high - y) / (high - low) * 19), round((x - low) / (high - low) * 17))
        for x, y in zip(true, guess, strict=True)
    }
    assert {tuple(map(int, at)) for at in np.argwhere(dots)} == expected


def test_a_scatter_plot_as_text():
    numbers = [0.0, 1, 2, 3, 4]
    view = predicted([*numbers[:4], 0], numbers, np.zeros((5, 1)))
    rows = scatter_rows(view.targets, 30, 11)
    assert text(rows) == [
        "predicted",
        "     4.0┤                 ⢀⠠⠐⠈",
        "        │              ⢀⠠⠐",
        "        │           ⠠⠐⠈",
        "     2.0┤       ⡀⠄⠂⠁",
        "        │    ⠄⠂⠁",
        "     0.0┤⡀⠄⠂⠁                ⢀",
        "        └┬─────────┬─────────┬",
        "        0.0       2.0      4.0",
        "                          true",
        "|error| mean 0.8  median 0…",
    ]


def test_outputs_that_are_not_finite_are_counted():
    view = predicted([np.nan, np.inf, 1], [1, 2, 3], np.zeros((3, 1)))
    assert text(scatter_rows(view.targets, 60, 12))[-2:] == [
        "|error| mean 2  median 2  largest 2",
        "2 samples have an output that is NaN or infinite",
    ]
    broken = predicted([np.nan, np.nan], [1, 2], np.zeros((2, 1)))
    assert text(scatter_rows(broken.targets, 60, 12)) == [
        "2 samples have an output that is NaN or infinite"
    ]


def test_one_true_value_has_a_range_around_it():
    view = predicted([2, 2], [2, 2], np.zeros((2, 1)))
    rows = text(scatter_rows(view.targets, 40, 12))
    assert any("⠄" in row or "⠁" in row or "⠈" in row for row in rows[1:8])


def test_errors_have_a_histogram():
    assert text(error_rows(np.array([0, 0, 0.5, 1, np.nan]), 48, 6)) == [
        "|error| from … to, number of samples",
        "       0      0.5 2 ████████████████████████████",
        "     0.5        1 2 ████████████████████████████",
        "",
        "|error| mean 0.375  median 0.25  largest 1",
        "1 sample has an output that is NaN or infinite",
    ]
    assert len(error_rows(np.zeros(4), 40, 9)) == 4
    assert error_rows(np.array([]), 40, 9) == []


def test_floats_are_scaled_by_their_range_and_nan_stays_visible():
    image = np.array([[[-2, 0], [2, np.nan]]])
    assert text(image_rows(image, 2, 2, GlyphSet.LETTERS, (-2, 2))) == [" ▒", "█!"]


def test_the_note_says_what_is_drawn():
    notes = {kind: input_note(make(InspectBatch(), 7)) for kind, make in KINDS.items()}
    assert notes == {
        "features": "numbers (4,)",
        "numbers": "numbers (2,), value 1 of 2",
        "curves": "curve (2, 120), input 1 of 2, -1 to 1",
        "words": "tokens (40,)",
        "many classes": "tokens (60,)",
        "float images": "mean of 4 channels",
        "autoencoder": "input → output",
        "signals": "curve (200,), input → output, -1 to 1",
        "many features": "numbers (10000,)",
    }


def test_an_empty_confusion_and_one_class():
    labels = np.zeros(3, int)
    right = count_confusions(labels, labels, 1)
    assert text(confusion_rows(right, 40, 9, GlyphSet.LETTERS))[1:] == [
        "   0 │  3 100.0 % ██████████",
        "no confusions: every sample is right",
    ]
    unknown = count_confusions(labels, labels - 1, 1)
    assert overall_accuracy(unknown) == 0
    assert text(confusion_rows(unknown, 40, 9, GlyphSet.LETTERS))[-1] == (
        "3 without a prediction: an output is NaN"
    )
    empty = count_confusions(labels[:0], labels[:0], 0)
    assert np.isnan(overall_accuracy(empty))
    assert len(confusion_rows(empty, 40, 9, GlyphSet.BLOCKS)) <= 9


def test_names_of_classes_are_beside_their_numbers():
    seen = count_confusions(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2]), 3)
    assert text(confusion_rows(seen, 60, 9, GlyphSet.LETTERS, ("river", "sea")))[:6] == [
        "is\\as      0  1  2  recall",
        "0 river │  1  1  ·  50.0 % █████",
        "1 sea   │  ·  1  · 100.0 % ██████████",
        "2       │  ·  ·  1 100.0 % ██████████",
        "worst confusions",
        "✗ river taken for sea     1×  50.0 % of river",
    ]


def test_many_classes_have_a_list_of_pairs():
    labels = np.array([7, 7, 7, 60, 60])
    seen = count_confusions(labels, np.array([9, 9, 7, 60, 3]), 61)
    rows = text(confusion_rows(seen, 60, 40, GlyphSet.BLOCKS))
    assert rows[0] == "lowest recall of 61 classes (no room for the matrix)"
    assert rows[-2:] == [
        "✗ 7 taken for 9       2×  66.7 % of the 7s",
        "✗ 60 taken for 3      1×  50.0 % of the 60s",
    ]


def test_a_picture_of_several_inputs_says_so():
    view = KINDS["autoencoder"](InspectBatch(), 7)
    inputs = SampleInputs("image", view.inputs.values, (1, 2, 20, 20), other_inputs=1)
    assert input_note(replace(view, inputs=inputs)) == (
        "first picture of (1, 2, 20, 20), input 1 of 2, input → output"
    )
