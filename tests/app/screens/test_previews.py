"""Previews in dialogs: the next update, the coming learning rate."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.app.fake import FakeSource, group, running
from tuitrain.app.renderables.charts.lr_forecast import lr_forecast_rows
from tuitrain.app.renderables.formatting import format_count
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.renderables.tables.update_preview import update_rows
from tuitrain.app.screens.dialogs.preview_dialog import forecast_lr
from tuitrain.app.screens.dialogs.schedule import first_terms
from tuitrain.app.widgets.charts.previews import LrForecastPanel, NextUpdate
from tuitrain.commands import parse, to_text
from tuitrain.run.snapshot import OPEN_END, OPEN_EPOCH, Snapshot, UpdatePreview

GROUPS = running().groups


def drawn(person, panel) -> list[str]:
    return [row.rstrip() for row in person.app.screen.query_one(panel).rendered_rows]


def updates(*ratios: tuple[str, float, float], problem: str = "", maximum: int = 9) -> list[str]:
    rows = update_rows(GROUPS, UpdatePreview("lr fc 1", ratios, problem), 66, maximum)
    return [" ".join(plain_text(row).split()) for row in rows]


def test_the_next_update_is_shown_with_the_last_and_a_jump_is_a_warning():
    assert updates(("conv", 1.1e-3, 1.1e-3), ("fc", 8.2e-4, 1.6e-2)) == [
        "|Δw|/|w| last as it is with it",
        "fc 8.0e-4 8.2e-4 1.6e-2 ⚠ x20 the last",
        "conv 1.2e-3 1.1e-3 1.1e-3 unchanged",
    ]


@pytest.mark.parametrize(("then", "role"), [(8e-3, "strong"), (8.1e-3, "bad")])
def test_ten_times_the_last_update_is_no_jump(then, role):
    rows = update_rows(GROUPS, UpdatePreview("", (("fc", 8e-4, then),)), 66, 9)
    assert role in [item for _, item in rows[1]]
    assert ("bad" in [item for _, item in rows[1]]) == (role == "bad")


def test_new_and_frozen_groups_have_no_number():
    assert updates(("head", math.nan, 1e-3), ("fc", 8e-4, math.nan))[1:] == [
        "head — — 1.0e-3",
        "fc 8.0e-4 8.0e-4 — not updated",
    ]


def test_a_refusal_replaces_the_numbers():
    assert updates(problem="no group is called 'cnv'") == ["✗ no group is called 'cnv'"]


def test_a_run_without_previews_says_so_in_whole_lines_and_not_as_an_error():
    reason = "no preview: the loop of a script computes an update only to apply it"
    preview = UpdatePreview("lr fc 1", problem=reason, is_possible=False)
    rows = update_rows(GROUPS, preview, 40, 3)
    assert "".join(plain_text(row) for row in rows).split() == reason.split()
    assert {role for row in rows for _, role in row} == {"muted"}


def test_dots_are_shown_before_the_preview():
    rows = update_rows(GROUPS, None, 66, 1)
    assert [" ".join(plain_text(row).split()) for row in rows][1:] == ["conv 1.2e-3 … …"]


async def test_a_preview_is_requested_after_the_last_keystroke(opened):
    async with opened() as person:
        await person.press("o")
        first = person.line.removeprefix(":")
        await person.look()
        assert [to_text(item) for item in person.source.wondered] == [first]
        assert "…" in drawn(person, NextUpdate)[1]
        person.source.show(preview=UpdatePreview(first, (("conv", 1e-3, 2e-3), ("fc", 1, 1))))
        await person.look()
        assert drawn(person, NextUpdate)[1].endswith("2.0e-3   x1.67 the last")
        assert len(person.source.wondered) == 1


async def test_an_outdated_preview_is_not_shown(opened):
    async with opened() as person:
        await person.press("l")
        person.source.show(preview=UpdatePreview("lr conv 0.0312", (("conv", 1e-3, 2e-3),)))
        await person.look()
        assert "2.0e-3" in drawn(person, NextUpdate)[1]
        await person.replace("0.5")
        assert "…" in drawn(person, NextUpdate)[1]
        assert to_text(person.source.wondered[-1]) == "lr conv 0.5"


async def test_no_preview_is_requested_for_invalid_entries(opened):
    async with opened() as person:
        await person.press("l")
        request = len(person.source.wondered)
        await person.replace("-1")
        await person.look()
        assert len(person.source.wondered) == request


async def test_a_closed_dialog_requests_no_preview(opened):
    async with opened() as person:
        await person.press("d", "escape")
        assert person.source.wondered[-1] is None


async def test_the_dialog_draws_the_coming_learning_rate(opened):
    async with opened() as person:
        await person.press("D")
        assert person.line == ":schedule conv cosine to 0 over 7 epochs"
        assert drawn(person, LrForecastPanel)[0].startswith("━ with it, 0   ┄ as it is, 0.0039")
        await person.press("down", "down", "down", "down")
        assert person.line == ":schedule conv milestones x0.1 at 3,5 epochs"
        await person.press("tab", "tab")
        await person.type("30")
        assert person.line == ":schedule conv milestones x0.1 at 3,5 epochs warmup=30"
        await person.press("enter")
        assert person.sent == ["schedule conv milestones x0.1 at 3,5 epochs warmup=30"]


async def test_an_impossible_schedule_says_why_in_the_dialog(opened):
    async with opened() as person:
        await person.press("D", "down", "down", "down", "tab")
        await person.replace("x2 per epoch")
        assert person.line.startswith("✗ conv: factor must be a number above 0, and 1 at most")
        await person.press("enter")
        assert person.sent == []


@pytest.mark.parametrize("step", [0, 1204, 4221, 4689])
def test_the_default_terms_of_every_schedule_are_valid(step):
    snapshot = running(step=step)
    for kind, terms in first_terms(GROUPS[0], snapshot).items():
        ahead = forecast_lr(GROUPS[0], snapshot, parse(f"schedule conv {kind} {terms}"))
        assert len(ahead.proposed) >= 1


def test_learning_rates_are_drawn_until_they_are_constant():
    constant = replace(GROUPS[0], schedule_record={}, lr=0.1)
    ahead = forecast_lr(constant, running(), parse("decay conv over 100 steps"))
    drawn = dict(zip(ahead.proposed.steps.tolist(), ahead.proposed.values.tolist(), strict=True))
    assert (min(drawn), max(drawn)) == (1204, pytest.approx(1334, abs=15))
    assert (drawn[1204], drawn[1304]) == (0.1, 0.0)
    assert ahead.final == (0.1, 0.0)
    whole = forecast_lr(constant, running(), parse("lr conv 0.2"))
    assert whole.proposed.steps[-1] == 4689
    assert whole.final == (0.1, 0.2)


def test_no_learning_rate_is_drawn_at_the_last_step():
    ahead = forecast_lr(GROUPS[0], running(step=4689), parse("lr conv 0.2"))
    assert [plain_text(row) for row in lr_forecast_rows(ahead, 60, 8)] == [
        "this is the last step of the run"
    ]


def open_run(step: int, epoch: int = OPEN_EPOCH) -> Snapshot:
    """Return a run whose length is not known, with epochs of this many steps."""
    info = replace(running().info, total_steps=OPEN_END, steps_per_epoch=epoch)
    return running(step=step, info=info)


@pytest.mark.parametrize(
    ("command", "last", "final"),
    [
        ("lr conv 0.2", 7000, 0.2),
        ("decay conv over 500 steps", 7000, 0.0),
        ("schedule conv cosine to 0.01 over 10000 steps warmup=20", 18_000, 0.01),
        ("schedule conv milestones x0.1 at 4000,8000 steps", 15_400, 1e-3),
        ("schedule conv one-cycle to 1 over 4000 steps", 10_200, 0.1),
        ("schedule conv exponential x0.1 per step", 7000, 0.0),
        ("schedule conv exponential x0.999 per step", 10_984, 0.0),
    ],
)
def test_a_run_without_a_length_is_drawn_as_far_as_its_schedules_reach(command, last, final):
    constant = replace(GROUPS[0], schedule="constant", schedule_record={}, lr=0.1)
    ahead = forecast_lr(constant, open_run(5000), parse(command))
    assert (ahead.proposed.steps[0], ahead.proposed.steps[-1]) == (5000, last)
    assert ahead.final == pytest.approx((0.1, final), abs=1e-3)
    first = plain_text(lr_forecast_rows(ahead, 90, 8)[0])
    assert first.endswith(f"as it is, 0.1   at step {format_count(last)}")


def test_only_the_script_knows_the_learning_rate_that_it_sets():
    scripts = replace(GROUPS[0], schedule="script", schedule_record={}, lr=0.1)
    ahead = forecast_lr(scripts, open_run(0), parse("lr conv 0.2"))
    assert plain_text(lr_forecast_rows(ahead, 90, 8)[0]) == (
        "━ with it, 0.2 at step 2 000   as it is, the script sets it"
    )


@pytest.mark.parametrize(
    ("epoch", "terms"), [(OPEN_EPOCH, "to 0 over 2000 steps"), (100, "to 0 over 20 epochs")]
)
def test_the_default_terms_of_a_run_without_a_length_are_short(epoch, terms):
    snapshot = open_run(300, epoch)
    assert first_terms(GROUPS[0], snapshot)["cosine"] == terms
    for kind, default in first_terms(GROUPS[0], snapshot).items():
        parse(f"schedule conv {kind} {default}")


async def test_a_decay_counts_steps_where_epochs_have_no_length(opened):
    async with opened(FakeSource(open_run(300))) as person:
        await person.press("d")
        assert person.line == ":decay conv over 2000 steps"
        await person.replace("40")
        assert person.line == ":decay conv over 40 steps"
        await person.replace("4 e")
        assert person.line == ":decay conv over 4 epochs"


async def test_the_clip_dialog_begins_with_the_present_clipping_and_can_end_it(opened):
    async with opened(FakeSource(running(clip="value 0.5"))) as person:
        await person.press("c")
        assert person.line == ":clip value 0.5"
        await person.press("down")
        assert person.line == ":clip off"
        await person.press("enter")
        assert person.sent == ["clip off"]


async def test_the_clip_dialog_clips_by_norm_by_default(opened):
    async with opened(FakeSource(running(groups=(group("conv", ("conv",)),)))) as person:
        await person.press("c", "enter")
        assert person.sent == ["clip norm 1"]


async def test_the_help_of_a_dialog_begins_with_its_command(opened):
    async with opened() as person:
        await person.press("D", "f1")
        page = str(person.app.screen.query_one("#help Static").content)
        assert page.startswith("schedule\n")
        assert ":schedule fc cosine to 0 over 10 epochs" in page
        await person.press("f1", "escape")
        assert person.app.screen is person.deck
