"""The refresh scheduler: how often the run is polled, and which panel is drawn next."""

from __future__ import annotations

import gc
from dataclasses import replace

import numpy as np

from tests.app.conftest import Driver, Open
from tests.app.fake import FakeSource
from tuitrain.app.refresh_scheduler import MAX_CPU_SHARE, MAX_INTERVAL, TURN_COUNT, RefreshScheduler
from tuitrain.run.snapshot import Series


class Hands:
    """Two manual clocks: elapsed time and used time."""

    def __init__(self) -> None:
        self.now = self.used = 0.0
        self.rhythm = RefreshScheduler(lambda: self.now, lambda: self.used)

    def after(self, passed: float, used: float) -> bool:
        self.now += passed
        self.used += used
        return self.rhythm.is_due()


def test_a_cheap_screen_refreshes_at_every_request():
    hands = Hands()
    assert all(hands.after(0.08, 0.08 * MAX_CPU_SHARE * 0.9) for _ in range(20))


def test_an_expensive_refresh_is_followed_by_a_proportional_pause():
    hands = Hands()
    assert not hands.after(0.08, 0.06)
    assert not hands.after(0.08, 0.0)
    assert hands.after(0.08, 0.0)
    assert hands.after(0.08, 0.0)


def test_an_expensive_screen_still_refreshes():
    hands = Hands()
    assert not hands.after(MAX_INTERVAL * 0.9, 10.0)
    assert hands.after(MAX_INTERVAL * 0.2, 10.0)


def test_every_panel_has_its_turn():
    rhythm = RefreshScheduler()
    assert sorted(rhythm.next_turn() for _ in range(2 * TURN_COUNT)) == sorted(
        [*range(TURN_COUNT)] * 2
    )


def further(source: FakeSource) -> None:
    """Move the run a step further, with a new loss and parameter."""
    shown = source.snapshot()
    step, parameter = shown.step + 1, shown.parameter
    assert parameter is not None
    source.show(
        step=step,
        loss=Series(np.append(shown.loss.steps, step), np.append(shown.loss.values, 0.25)),
        metrics={"accuracy": Series(np.array([1, step]), np.array([0.5, 0.75]))},
        parameter=replace(parameter, step=step),
    )


def said(person: Driver) -> list[str]:
    """The border texts of the panels that take turns."""
    panels = ("#loss", "#accuracy", "#parameter")
    return [str(person.deck.query_one(item).border_subtitle) for item in panels]


async def test_panels_are_drawn_in_turns_and_all_show_the_last_snapshot(
    opened: Open,
):
    async with opened() as person:
        further(person.source)
        before = said(person)
        drawn = []
        for turn in range(TURN_COUNT):
            person.app.show_run(turn)
            pairs = zip(said(person), before, strict=True)
            drawn.append(sum(now != then for now, then in pairs))
        assert drawn == [1, 2, 3]
        assert said(person)[:2] == ["0.25", "75.0 %"]


async def test_a_forced_refresh_draws_all_panels(opened: Open):
    async with opened() as person:
        further(person.source)
        before = said(person)
        person.app.poll()
        assert all(now != then for now, then in zip(said(person), before, strict=True))


async def test_frozen_objects_are_returned_to_the_garbage_collector(opened: Open, real_heap: None):
    async with opened() as person:
        person.app.finish_startup()
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
