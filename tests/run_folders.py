"""Run folders made without a run."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

SCENARIO = {
    "schema": 1,
    "name": "small",
    "optimizer": {"name": "sgd", "lr": 0.05},
    "steps": 100,
    "group": [{"name": "conv", "params": ["conv*"]}, {"name": "fc", "params": ["*"]}],
}


def loss_at(step: int, raised: float = 0.0) -> float:
    return round(2.3 * math.exp(-step / 30) + 0.1 + raised, 4)


def losses(first: int, last: int, raised: float = 0.0) -> dict:
    values = [loss_at(step, raised) for step in range(first, last + 1)]
    return {"event": "loss", "step": first, "loss": values}


def accuracy(step: int, value: float) -> dict:
    return {"event": "accuracy", "step": step, "accuracy": value}


def groups(step: int, branch: str = "main", **seen: tuple[float, float]) -> dict:
    return {"event": "groups", "step": step, "branch": branch, "groups": seen}


def command(step: int, text: str, outcome: str = "applied", actor: str = "key") -> dict:
    output = {"command": text, "actor": actor, "outcome": outcome, "message": "so be it"}
    return {"event": "command", "step": step, **output}


def left_behind(
    folder: Path,
    journal: Sequence[dict] = (),
    metrics: Sequence[dict] = (),
    started_at: datetime = datetime(2026, 3, 1, 12, 30),
    **scenario: object,
) -> Path:
    """Write a run folder; the scenario's keys may be given, and one is left out with None."""
    folder.mkdir(parents=True)
    written = {key: value for key, value in (SCENARIO | scenario).items() if value is not None}
    header = folder / "header.json"
    header.write_text(json.dumps({"schema": 1, "scenario": written, "environment": {}}))
    for name, records in (("journal", journal), ("metrics", metrics)):
        lines = [json.dumps(item, separators=(",", ":")) + "\n" for item in records]
        (folder / f"{name}.jsonl").write_text("".join(lines))
    os.utime(header, (started_at.timestamp(), started_at.timestamp()))
    return folder


def damaged(folder: Path, started_at: datetime) -> Path:
    """Write a run whose header is cut off."""
    header = left_behind(folder) / "header.json"
    header.write_text("{")
    os.utime(header, (started_at.timestamp(), started_at.timestamp()))
    return folder


def flown(folder: Path, steps: int = 100, raised: float = 0.0, **more: object) -> Path:
    """Write a run that was taken to some step, with a freeze and a swap on the way."""
    journal = [command(40, "freeze conv"), command(60, "optimizer fc adam lr=0.001")]
    metrics = [losses(1, steps, raised), accuracy(steps, 0.9 - raised / 10)]
    known = [item for item in journal if item["step"] <= steps]
    return left_behind(folder, known, metrics, **more)  # type: ignore[arg-type]


def wandered(folder: Path) -> Path:
    """Write a run that was rewound, and undone: it stood on three lines."""
    return left_behind(
        folder,
        [
            command(20, "lr fc 0.5"),
            command(50, "rewind 30"),
            command(40, "freeze conv"),
            command(70, "undo"),
            command(90, "lr nobody 1", "refused"),
        ],
        [losses(1, 50, 0.5), losses(31, 70, 0.2), losses(71, 100), accuracy(100, 0.93)],
    )
