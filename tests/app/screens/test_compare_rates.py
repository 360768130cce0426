"""Sweeps of learning rates: the dialog that starts one, and the view that compares the results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.app.fake import FakeSource, running, tried
from tuitrain.app.renderables.charts.lr_sweep import (
    best_index,
    lr_finder_rows,
    sweep_curve_rows,
    sweep_table_rows,
)
from tuitrain.app.renderables.charts.lr_sweep import sweep_candidates as candidates_of
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.screens.dialogs.compare_rates import CompareRatesDialog
from tuitrain.app.screens.dialogs.try_lr import describe_cost
from tuitrain.app.widgets.charts.lr_sweep import SweepTable
from tuitrain.commands import parse
from tuitrain.run.snapshot import BranchView, LrCandidate, LrSweep, Phase, Series, Snapshot


def flat(name: str, *losses: float) -> BranchView:
    """Return a branch that forks at step 2 and then has these losses."""
    values = np.array([9.0, 9.0, *losses])
    return BranchView(name, 2, 2 + len(losses), Series(np.arange(1, len(values) + 1), values), {})


def small(*values: str, lr: float = 0.1) -> Snapshot:
    losses = {"x0.1": (2.0, 1.5), "x1": (2.0, 1.0), "x10": (2.0, 0.5), "0.3": (2.0, float("nan"))}
    left = tuple(flat(f"b{n}", *losses[value]) for n, value in enumerate(values))
    tried = tuple(LrCandidate(value, f"b{n}", value == "x1") for n, value in enumerate(values))
    return running(step=2, branches=left, lr_sweep=LrSweep("fc", 2, 2, lr, tried))


def rows_of(snapshot: Snapshot) -> list[str]:
    assert snapshot.lr_sweep is not None
    candidates = candidates_of(snapshot, snapshot.lr_sweep)
    return [plain_text(row) for row in sweep_table_rows(candidates, snapshot.lr_sweep, 70)]


def test_the_table_marks_the_best_and_compares_with_the_unchanged_rate():
    assert [row.split() for row in rows_of(small("x0.1", "x1", "x10"))] == [
        ["candidate", "lr", "last", "2", "all", "2", "as", "it", "is", "±"],
        ["━", "x0.1", "0.01", "1.7500", "1.7500", "+0.2500"],
        ["━", "x1", "0.1", "1.5000", "1.5000", "as", "it", "is"],
        ["★", "━", "x10", "1", "1.2500", "1.2500", "-0.2500"],
    ]


def test_the_rate_that_a_script_had_set_is_as_it_is():
    """There ``x1`` changes something: the script no longer sets the rate."""
    snapshot = small("x0.1", "x1", "x10")
    assert snapshot.lr_sweep is not None
    owned = [replace(entry, is_unchanged=False) for entry in snapshot.lr_sweep.candidates]
    sweep = replace(snapshot.lr_sweep, candidates=tuple(owned))
    assert rows_of(replace(snapshot, lr_sweep=sweep)) == rows_of(snapshot)


def test_the_table_without_an_unchanged_candidate_has_no_differences():
    assert rows_of(small("x0.1", "x10"))[1].split()[-1] == "—"


def test_a_diverged_candidate_is_never_the_best():
    rows = rows_of(small("0.3", "x1"))
    assert rows[1].split()[1:] == ["0.3", "0.3", "not", "finite", "since", "step", "4"]
    assert "★" in rows[2]


def test_factors_are_shown_if_the_rates_of_the_groups_differ():
    rows = rows_of(small("x0.1", "x10", lr=float("nan")))
    assert rows[0].split()[1] == "times"
    assert [row.split()[-4] for row in rows[1:]] == ["0.1", "10"]


def test_a_candidate_that_was_adopted_is_still_compared():
    snapshot = small("x0.1", "x1")
    adopted = snapshot.branches[0]
    snapshot = replace(
        snapshot, branch="b0", loss=adopted.loss, branches=(flat("main"), *snapshot.branches[1:])
    )
    assert rows_of(snapshot) == rows_of(small("x0.1", "x1"))


def test_a_diverged_curve_does_not_flatten_the_others():
    snapshot = tried()
    assert snapshot.lr_sweep is not None
    candidates = candidates_of(snapshot, snapshot.lr_sweep)
    curve = candidates[3].curve
    wild = replace(candidates[3], curve=Series(curve.steps, curve.values * 1e6))
    assert best_index(candidates) == 2
    with_it, without = (
        [plain_text(row)[:5] for row in sweep_curve_rows(entries, 0, 60, 12)]
        for entries in ([*candidates[:3], wild], candidates[:3])
    )
    assert with_it[-3:] == without[-3:]


def test_a_first_loss_below_all_others_cuts_no_curve_from_the_range():
    """A batch may be easy: its loss before the first update says nothing of the range."""
    branches = (flat("b0", 0.01, 0.4, 0.5), flat("b1", 0.01, 0.3, 0.2), flat("b2", 0.01, 9.0, 90.0))
    rates = (("x0.1", "b0"), ("x1", "b1"), ("x10", "b2"))
    entries = tuple(LrCandidate(value, name, value == "x1") for value, name in rates)
    sweep = LrSweep("fc", 2, 3, 0.1, entries)
    candidates = candidates_of(running(step=2, branches=branches), sweep)
    rows = [plain_text(row) for row in sweep_curve_rows(candidates, 1, 60, 12)]
    labels = [float(row.split("┤")[0]) for row in rows if "┤" in row]
    assert 0.4 <= max(labels) <= 0.6
    finder = [plain_text(row) for row in lr_finder_rows(candidates, 1, 40, 12)]
    labels = [float(row.split("┤")[0]) for row in finder if "┤" in row]
    assert 0.3 <= max(labels) <= 0.6


@pytest.mark.parametrize(("values", "drawn"), [(("x0.1", "x1"), 0), (("x0.1", "x1", "x10"), 10)])
def test_loss_is_drawn_by_learning_rate_for_three_or_more(values, drawn):
    snapshot = small(*values)
    assert snapshot.lr_sweep is not None
    rows = lr_finder_rows(candidates_of(snapshot, snapshot.lr_sweep), 0, 40, 10)
    assert len(rows) == drawn
    if drawn:
        assert plain_text(rows[-1]).split() == ["0.01", "0.1", "1"]


async def test_a_sweep_takes_two_keys(opened):
    async with opened() as person:
        await person.press("t")
        assert person.line == ":try lr conv x0.1, x1, x10 for 200 steps"
        await person.press("enter")
        assert person.sent == ["try lr conv x0.1, x1, x10 for 200 steps"]


async def test_the_lr_finder_is_one_choice_away(opened):
    async with opened() as person:
        await person.press("t", "down", "down", "tab", "tab")
        await person.replace("50")
        await person.press("enter")
        assert person.sent == [
            "try lr conv x0.01, x0.03, x0.1, x0.3, x1, x3, x10, x30, x100 for 50 steps"
        ]


async def test_an_invalid_sweep_is_not_sent(opened):
    async with opened() as person:
        await person.press("t", "tab")
        await person.replace("x0.1, fast")
        await person.press("enter")
        assert person.line.startswith("✗ try takes a number")
        assert person.sent == []


def test_the_dialog_shows_the_number_of_steps():
    text = describe_cost(parse("try lr fc x1, x2 for 200 steps"), running())
    assert text.startswith("trains 400 steps, about 0:01, on the same batches each; then the run")
    near_the_end = running(step=4600, samples_per_second=0.0)
    assert describe_cost(parse("try lr fc x1, x2 for 200 steps"), near_the_end).startswith(
        "trains 180 steps, on"
    )


async def test_the_results_open_and_enter_adopts_a_candidate(opened):
    async with opened() as person:
        await person.press("t", "enter")
        person.source.show(lr_sweep=tried().lr_sweep, branches=tried().branches, phase=Phase.PAUSED)
        person.source.answer("applied", "paused; mean loss …")
        await person.look()
        assert isinstance(person.app.screen, CompareRatesDialog)
        assert person.line == ":branch b3"
        await person.press("up", "enter")
        assert person.sent[1:] == ["branch b2"]
        assert person.app.screen is person.deck


async def test_a_refused_sweep_opens_no_results(opened):
    async with opened(FakeSource(running(lr_sweep=tried().lr_sweep))) as person:
        await person.press("t", "enter")
        person.source.answer("refused", "no group is called 'conv'")
        await person.look()
        assert person.app.screen is person.deck


async def test_results_do_not_open_over_a_dialog(opened):
    async with opened() as person:
        await person.press("t", "enter", "l")
        person.source.show(lr_sweep=tried().lr_sweep, branches=tried().branches)
        person.source.answer("applied", "paused; mean loss …")
        await person.look()
        assert not isinstance(person.app.screen, CompareRatesDialog)


async def test_escape_keeps_the_present_branch(opened):
    async with opened(FakeSource(tried())) as person:
        await person.press("v", "escape")
        assert person.sent == []
        assert person.app.screen is person.deck


async def test_the_present_branch_is_not_switched_to(opened):
    first, as_is, best, wild = tried().branches
    on_it = tried(branch="b3", step=best.tip, loss=best.loss, branches=(first, as_is, wild))
    async with opened(FakeSource(on_it)) as person:
        await person.press("v", "enter")
        assert person.line == "✗ the run is on branch b3 already"
        assert person.sent == []


async def test_a_click_adopts_a_candidate(opened):
    async with opened(FakeSource(tried())) as person:
        await person.press("v")
        await person.pilot.click(SweepTable, offset=(5, 1))
        await person.settle()
        assert person.line == ":branch b1"


async def test_the_key_says_that_there_is_no_sweep(opened):
    async with opened() as person:
        await person.press("v")
        assert person.status == "nothing was tried yet: t tries learning rates"
