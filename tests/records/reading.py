"""The content of a record as plain values: its row in a list, its moments, its curves."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np

from tuitrain.run.snapshot import Series
from tuitrain.scenario.runs.final_curves import final_curves
from tuitrain.scenario.runs.record_player import RecordPlayer
from tuitrain.scenario.runs.run_list import describe_run
from tuitrain.scenario.save import recorded_scenario


def listed_row(folder: Path) -> dict:
    """Return what a list shows of a run, but for the time at which it began."""
    run = describe_run(folder)
    return {
        "name": run.name,
        "model": run.model,
        "data": run.data,
        "step": run.step,
        "total": run.total,
        "loss": _number(run.loss),
        "accuracy": _number(run.main_value),
        "ending": run.ending,
        "problem": run.problem,
    }


def moments(folder: Path) -> list[list]:
    """Return the moments of a record, as the screen shows them."""
    recording = RecordPlayer(folder)
    rows = []
    for place in range(recording.last + 1):
        recording.go(place)
        recording.select_parameter("head.weight")
        rows.append(_moment(recording.snapshot()))
    return rows


def _moment(snapshot) -> list:
    parameter = snapshot.parameter
    return [
        snapshot.branch,
        snapshot.step,
        _curve(snapshot.loss),
        _curve(snapshot.metrics.get("accuracy", Series())),
        [[g.name, g.optimizer, float(f"{g.lr:.9g}"), g.frozen_since, len(g.parameters)]
         for g in snapshot.groups],
        [[item.name, len(item.lr), len(item.grad_norm), len(item.update_ratio)]
         for item in snapshot.histories],
        [[item.step, item.command] for item in snapshot.interventions],
        len(snapshot.journal),
        [[item.name, item.fork, item.tip, len(item.loss)] for item in snapshot.branches],
        snapshot.clip,
        list(snapshot.checkpoints),
        None if parameter is None else [parameter.step, parameter.group, list(parameter.shape)],
    ]  # fmt: skip


def curves(folder: Path) -> dict:
    """Return the curves of the branch that a run ended on."""
    final = final_curves(folder)
    return {
        "loss": _curve(final.loss),
        "accuracy": _curve(final.metrics.get("accuracy", Series())),
        "traces": [
            [item.name, _curve(item.lr), _curve(item.grad_norm), _curve(item.update_ratio)]
            for item in final.traces
        ],
    }


def saved(folder: Path) -> dict:
    """Return the scenario that the branch comes down to on which a run ended."""
    return msgspec.to_builtins(recorded_scenario(folder))


def _curve(series) -> list:
    """Return how many values there are, the last one, and a sum that any of them changes."""
    if not len(series):
        return [0]
    weighted = float(np.nansum(series.values * (series.steps + 1)))
    return [len(series), _number(float(series.values[-1])), float(f"{weighted:.9g}")]


def _number(value: float) -> float | None:
    return float(f"{value:.9g}") if math.isfinite(value) else None
