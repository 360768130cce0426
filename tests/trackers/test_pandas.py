"""pandas reads what is exported as text."""

from __future__ import annotations

import pandas

from tests.trackers.conftest import WHY
from tuitrain.tracking.export import export_run


def test_a_table_has_numbers_as_numbers(trained, tmp_path):
    export_run(trained, {"csv": tmp_path / "run.csv"})
    rows = pandas.read_csv(tmp_path / "run.csv")
    assert rows.value.dtype == "float64"
    assert rows.step.dtype == "int64"
    last = rows[rows.branch == rows.branch.iloc[-1]].fillna({"group": ""})
    wide = last.pivot_table(index="step", columns=["name", "group"], values="value")
    assert wide["loss"].dropna().index.tolist() == [*range(1, 29)]
    assert wide["lr"]["head"].dropna().iloc[-1] == 0.2
    commands = rows[rows.name == "command"].text
    assert commands.iloc[0].startswith("lr head 0.2\napplied")


def test_both_formats_have_the_same_rows(broken, tmp_path):
    export_run(broken, {"csv": tmp_path / "run.csv", "jsonl": tmp_path / "run.jsonl"})
    table = pandas.read_csv(tmp_path / "run.csv")
    objects = pandas.read_json(tmp_path / "run.jsonl", lines=True, precise_float=True)
    objects = objects.reindex(columns=table.columns)
    pandas.testing.assert_frame_equal(table, objects, check_dtype=False)
    assert table.value.isna().sum() == 3  # two numbers and a text
    assert table.text.dropna().iloc[0].endswith(WHY)
