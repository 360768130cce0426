"""Export of records as CSV and JSON Lines, and the command for it."""

from __future__ import annotations

import csv
import json
import math
import sys
from pathlib import Path

import pytest

from tests.run_folders import accuracy, command, groups, left_behind, losses, wandered
from tests.tracking.collecting import lines
from tuitrain.cli import main
from tuitrain.errors import TuitrainError
from tuitrain.records.history import read_history
from tuitrain.tracking.export import export_run


def table(run: Path, path: Path) -> list[dict[str, str]]:
    export_run(run, {"csv": path})
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def objects(run: Path, path: Path) -> list[dict]:
    export_run(run, {"jsonl": path})
    return [json.loads(line) for line in lines(path)]


def test_a_table_has_a_row_for_each_value(tmp_path):
    run = left_behind(tmp_path / "a", (), [losses(1, 3), losses(4, 5), accuracy(5, 0.5)])
    rows = table(run, tmp_path / "a.csv")
    assert list(rows[0]) == ["branch", "step", "name", "group", "value", "text"]
    assert [int(row["step"]) for row in rows if row["name"] == "loss"] == [1, 2, 3, 4, 5]
    assert rows[-1] | {"value": float(rows[-1]["value"])} == {
        "branch": "main",
        "step": "5",
        "name": "accuracy",
        "group": "",
        "value": 0.5,
        "text": "",
    }


def test_each_branch_is_whole(tmp_path):
    rows = table(wandered(tmp_path / "a"), tmp_path / "a.csv")

    def steps(branch: str) -> list[int]:
        chosen = [row for row in rows if (row["branch"], row["name"]) == (branch, "loss")]
        return [int(row["step"]) for row in chosen]

    assert steps("main") == [*range(1, 51)]
    assert steps("b1") == [*range(1, 71)]
    assert steps("b2") == [*range(1, 41), *range(71, 101)]
    starts = [(row["branch"], row["text"]) for row in rows if row["name"] == "branch"]
    first = "b1 continues main from step 30: rewind 30"
    assert starts == [("b1", first), ("b2", first), ("b2", "b2 continues b1 from step 40: undo")]


def test_a_loss_that_is_not_finite_is_nan_in_csv_and_null_in_json(tmp_path):
    loss = {"event": "loss", "step": 1, "loss": [1.0, None]}
    run = left_behind(tmp_path / "a", (), [loss, accuracy(2, None)])  # type: ignore[arg-type]
    values = [float(row["value"]) for row in table(run, tmp_path / "a.csv")]
    assert values[0] == 1.0
    assert all(map(math.isnan, values[1:]))
    assert [row["value"] for row in objects(run, tmp_path / "a.jsonl")] == [1.0, None, None]


def test_texts_are_as_their_user_wrote_them(tmp_path):
    why = 'it says "no", and <b>=1+1</b> — 你好'
    entry = {**command(1, "freeze conv"), "why": why}
    run = left_behind(tmp_path / "a", [entry], [losses(1, 1)])
    expected = f"freeze conv\napplied, by key: so be it\nwhy: {why}"
    assert table(run, tmp_path / "a.csv")[-1]["text"] == expected
    assert objects(run, tmp_path / "a.jsonl")[-1]["text"] == expected


def test_groups_of_a_record_with_learning_rates(tmp_path):
    run = left_behind(tmp_path / "a", (), [losses(1, 2)])
    line = {**groups(2, fc=(1.5, 0.25)), "rates": {"fc": 0.05}}
    (run / "groups.jsonl").write_text(json.dumps(line) + "\n")
    values = {
        row["name"]: (row["group"], float(row["value"]))
        for row in table(run, tmp_path / "a.csv")
        if row["group"]
    }
    assert values == {
        "lr": ("fc", 0.05),
        "grad_norm": ("fc", 1.5),
        "update_ratio": ("fc", 0.25),
    }


def test_rates_that_an_early_record_lacks_follow_from_its_decisions(tmp_path):
    run = left_behind(
        tmp_path / "a", [command(1, "lr fc 0.5"), command(2, "rewind 1")], [losses(1, 2)]
    )
    seen = [groups(step, fc=(1.5, 0.25), conv=(1.0, 1.0)) for step in (1, 2)]
    later = groups(1, "b1", fc=(1.5, 0.25), conv=(1.0, 1.0))
    (run / "groups.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*seen, later]))
    rows = table(run, tmp_path / "a.csv")
    rates = [
        (row["branch"], int(row["step"]), float(row["value"]))
        for row in rows
        if (row["name"], row["group"]) == ("lr", "fc")
    ]
    assert rates[:2] == [("main", 1, 0.05), ("main", 2, 0.5)]


def test_a_record_without_rates_and_without_its_model_says_so(tmp_path, capsys):
    run = left_behind(tmp_path / "a", (), [losses(1, 2)], model="gone:model")
    (run / "groups.jsonl").write_text(json.dumps(groups(2, fc=(1.5, 0.25))) + "\n")
    assert main(["export", str(run), "--csv", str(tmp_path / "a.csv")]) == 0
    assert "no learning rates" in capsys.readouterr().err
    assert len(lines(tmp_path / "a.csv")) == 5


def test_a_run_without_a_step_is_an_empty_table(tmp_path):
    assert table(left_behind(tmp_path / "a"), tmp_path / "a.csv") == []
    assert objects(left_behind(tmp_path / "b"), tmp_path / "b.jsonl") == []


def test_the_command_says_what_it_has_written(tmp_path, capsys):
    run = wandered(tmp_path / "a")
    words = ["--csv", str(tmp_path / "a.csv"), "--jsonl", str(tmp_path / "new" / "a.jsonl")]
    assert main(["export", str(run), *words]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{tmp_path / 'a.csv'}: 201 rows of 3 branches"
    assert second.startswith(f"{tmp_path / 'new' / 'a.jsonl'}: 201 rows")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "--tensorboard, --csv, --jsonl, --wandb"),
        (["--csv", "{run}/header.json"], "exists already"),
        (["--csv", "{run}/header.json/a"], "cannot be written"),
    ],
)
def test_bad_use_is_one_clear_error(words, problem, tmp_path, capsys):
    run = wandered(tmp_path / "a")
    assert main(["export", str(run), *(word.format(run=run) for word in words)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert problem in line


def test_a_folder_without_a_run_names_the_nearest(tmp_path, capsys):
    wandered(tmp_path / "first-run")
    words = ["export", str(tmp_path / "first-rum"), "--csv", str(tmp_path / "a.csv")]
    assert main(words) == 2
    assert "first-run" in capsys.readouterr().err


def test_a_damaged_journal_is_an_error_that_names_it(tmp_path):
    run = left_behind(tmp_path / "a", [command(1, "branch b7")], [losses(1, 2)])
    with pytest.raises(TuitrainError, match=r"journal\.jsonl.*no branch 'b7'"):
        export_run(run, {"csv": tmp_path / "a.csv"})


def test_a_library_that_is_not_installed_is_one_sentence(tmp_path, monkeypatch):
    for name in ("tensorboard", "tensorboard.compat.proto.event_pb2"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(TuitrainError, match=r"pip install 'tuitrain\[tensorboard\]'"):
        export_run(wandered(tmp_path / "a"), {"tensorboard": tmp_path / "tb"})
    assert not (tmp_path / "tb").exists()


KEPT = sorted((Path(__file__).parent.parent / "records" / "kept").glob("*/header.json"))


@pytest.mark.parametrize("header", KEPT, ids=lambda path: path.parent.name)
def test_records_of_earlier_versions_are_exported_whole(header, tmp_path):
    run = header.parent
    rows = table(run, tmp_path / "a.csv")
    for segment in read_history(run).segments:
        loss = segment.branch.loss.series()
        known = [
            (step, value)
            for step, value in zip(loss.steps.tolist(), loss.values.tolist(), strict=True)
            if step not in segment.branch.gaps
        ]
        exported = [
            (int(row["step"]), float(row["value"]))
            for row in rows
            if (row["branch"], row["name"]) == (segment.branch.name, "loss")
        ]
        assert exported == known


def test_an_export_that_fails_leaves_no_file_in_the_way_of_the_next(tmp_path):
    run = left_behind(tmp_path / "a", (), [losses(1, 3)])
    same = tmp_path / "same"
    with pytest.raises(TuitrainError, match="exists already"):
        export_run(run, {"csv": same, "jsonl": same})
    assert not same.exists()
    (tmp_path / "file").touch()
    with pytest.raises(TuitrainError, match="cannot be written"):
        export_run(run, {"csv": same, "jsonl": tmp_path / "file" / "a.jsonl"})
    assert export_run(run, {"csv": same}).rows == 3
