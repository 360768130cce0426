"""Captions of samples: the prediction in a few words, and which samples are shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from rich.cells import cell_len

from tuitrain.engines.batch_view import (
    NO_PREDICTION,
    BatchView,
    ClassTargets,
    NumberTargets,
    Reconstructions,
)
from tuitrain.engines.state import Array
from tuitrain.text import visible

from ..formatting import format_count, format_number, format_percentage, format_shape
from ..rows import Role, Row, first_fitting, ljust, rjust, row_width
from .sheet import CAPTION_WIDTH

_MAX_CAPTION: Final = 28


def number_text(value: float) -> str:
    """Write a number in at most seven cells; NaN and infinity as such."""
    return "NaN" if math.isnan(value) else format_number(value)


def class_text(names: Sequence[str], number: int) -> str:
    """Return the name of a class as written; its number, as ``#7`` among names, if it has none.

    Where there is no prediction, ``?``.
    """
    if number == NO_PREDICTION:
        return "?"
    if number < len(names) and names[number]:
        return shown_text(names[number])
    return f"#{number}" if names else str(number)


def shown_text(text: str) -> str:
    """Return text with visible control characters, and visible spaces if it has nothing else."""
    return visible(text) if text.strip(" ") else "␣" * len(text)


def aligned_format(values: Array) -> Callable[[float], str]:
    """Return a function that writes numbers of one column, with the same decimals where it can.

    Three digits of the largest; whole numbers have no decimals. Numbers that would take more than
    seven cells, or have no digit, are written as `number_text` does.
    """
    finite = values[np.isfinite(values)].astype(np.float64)
    largest = float(np.abs(finite).max(initial=0.0))
    if not 1e-2 <= largest < 1e5:
        return number_text
    decimals = 0
    if (finite != np.rint(finite)).any():
        decimals = max(0, min(4, 2 - math.floor(math.log10(largest))))

    def write(value: float) -> str:
        if not math.isfinite(value):
            return number_text(value)
        text = f"{value:.{decimals}f}"
        return text.removeprefix("-") if float(text) == 0 else text

    return write


def caption(view: BatchView, at: int, width: int) -> Row:
    """Return target and prediction of a sample, or its error, in exactly ``width`` cells.

    One class: ``✓ 3 97%``, ``✗ 3→8 64%``, with the confidence; several: ``✗ 10 of 12 right``;
    numbers: ``true 0.43  predicted 0.51  error 0.08``, or ``0.43→0.51``; a reconstruction: its
    error.
    """
    ((text, role),) = first_fitting(_captions(view, at), width)
    return ((ljust(text, width), role),)


def caption_width(view: BatchView) -> int:
    """Return the width of the longest short caption, with numbers that are aligned."""
    widths = (row_width(_captions(view, at)[:2][-1]) for at in range(len(view)))
    return max(CAPTION_WIDTH, min(_MAX_CAPTION, max(widths, default=0)))


def _captions(view: BatchView, at: int) -> list[Row]:
    """Return captions of a sample, the longest first."""
    targets = view.targets
    match targets:
        case ClassTargets():
            return [_classes(targets, at)]
        case NumberTargets():
            return _numbers(targets, at)
        case Reconstructions():
            error = float(targets.errors[at])
            return [((f"error {number_text(error)}", _error_role(error)),)]


def _classes(targets: ClassTargets, at: int) -> Row:
    label, guess = targets.labels[at], targets.predictions[at]
    if targets.labels.ndim > 1:
        right, total = int(np.count_nonzero(label == guess)), label.size
        mark, role = ("✓", "good") if right == total else ("✗", "bad")
        return ((f"{mark} {format_count(right)} of {format_count(total)} right", role),)
    sure = targets.confidence[at]
    percent = f"{sure:.0%}" if np.isfinite(sure) else "—"
    name = class_text(targets.class_names, int(label))
    if guess == label:
        return ((f"✓ {name} {percent}", "good"),)
    return ((f"✗ {name}→{class_text(targets.class_names, int(guess))} {percent}", "bad"),)


def _numbers(targets: NumberTargets, at: int) -> list[Row]:
    write = aligned_format(np.concatenate([targets.targets[:, 0], targets.outputs[:, 0]]))
    right, value = write(float(targets.targets[at, 0])), write(float(targets.outputs[at, 0]))
    error = float(targets.errors[at])
    role = _error_role(error)
    long = f"true {right}  predicted {value}  error {number_text(error)}"
    room = max(len(write(float(number))) for number in targets.targets[:, 0])
    short = "→".join(map(number_text, (targets.targets[at, 0], targets.outputs[at, 0])))
    return [((long, role),), ((f"{rjust(right, room)}→{value}", role),), ((short, role),)]


def _error_role(error: float) -> Role:
    return "text" if math.isfinite(error) else "bad"


def batch_title(view: BatchView) -> str:
    """Return which samples these are, and how many are right or how large their error is."""
    total, targets = len(view), view.targets
    if isinstance(targets, ClassTargets):
        right = int(np.count_nonzero(targets.labels == targets.predictions))
        several = targets.labels.ndim > 1
        share = format_percentage(right / max(1, targets.labels.size))
        result = f"{share} right" if several else f"{right} right"
        worst = (
            f"the {total} with the most wrong classes"
            if several
            else f"the {total} surest mistakes on the test set"
        )
    else:
        result = f"mean error {number_text(mean(targets.errors))}"
        worst = f"the {total} largest errors on the test set"
    titles = {
        "probe": f"the first {total} of the test set: {result}",
        "next": f"{total} of the next step's batch: {result}",
        "mistakes": worst,
    }
    return titles[view.request.samples]


def mean(errors: Array) -> float:
    """Return the mean; NaN without errors, NaN or infinity if an error is."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.mean(errors)) if len(errors) else math.nan


def input_note(view: BatchView) -> str:
    """Return the kind of picture that is drawn of the samples; "" for a plain one."""
    inputs, notes = view.inputs, list[str]()
    if inputs.kind == "image":
        channels = inputs.values.shape[1]
        if len(inputs.shape) > 3:
            notes.append(f"first picture of {format_shape(inputs.shape)}")
        if channels not in (1, 3):
            notes.append(f"mean of {channels} channels")
    else:
        words = {"row": "numbers", "curve": "curve", "tokens": "tokens"}
        notes.append(f"{words[inputs.kind]} {format_shape(inputs.shape)}")
    if inputs.other_inputs:
        notes.append(f"input 1 of {inputs.other_inputs + 1}")
    targets = view.targets
    if isinstance(targets, NumberTargets) and (values := math.prod(targets.shape)) > 1:
        notes.append(f"value 1 of {format_count(values)}")
    if isinstance(targets, Reconstructions):
        notes.append("input → output")
    if inputs.kind == "curve" and len(view):
        low, high = value_range(inputs.values)
        notes.append(f"{number_text(low)} to {number_text(high)}")
    return ", ".join(notes)


def value_range(values: Array) -> tuple[float, float]:
    """Return the smallest and the largest finite value; 0 and 0 if there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def width_of(texts: Sequence[str], limit: int) -> int:
    """Return the width of the widest text, at most ``limit``."""
    return min(limit, max((cell_len(visible(text)) for text in texts), default=0))
