"""The records of scripts in the app: they open whatever their metrics are called."""

from __future__ import annotations

import tuitrain
from tests.script.problem import make_problem
from tuitrain.app.renderables.header import header_rows
from tuitrain.app.renderables.rows import plain_text
from tuitrain.scenario.runs.record_player import RecordPlayer
from tuitrain.scenario.runs.run_list import describe_run


def test_the_record_of_a_script_with_a_metric_of_its_own_opens(tmp_path):
    problem = make_problem()
    with tuitrain.watch(
        problem.net, problem.optimizer, steps=10, metrics=["acc"], out=tmp_path / "a"
    ) as run:
        for epoch in range(2):
            run.log(acc=0.5 + epoch / 10)
            problem.train_epochs(1)
    row = describe_run(tmp_path / "a")
    assert (row.ending, row.problem, row.main_metric.name) == ("finished", "", "acc")
    shown = RecordPlayer(tmp_path / "a").snapshot()
    assert list(shown.metrics) == ["acc"]
    assert shown.note == "the record of a script has no groups"
    first, _ = (plain_text(line) for line in header_rows(shown, 120))
    assert first.rstrip().endswith("step 10 / 10")
