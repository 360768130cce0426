"""The first flight: its tour proposes commands, and its end has a result and a record to beat."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tests.app.fake import FakeSource, group, running
from tuitrain.app.config import Config, write_config
from tuitrain.app.flight_results import FILE_NAME, FlightResult, FlightResults
from tuitrain.app.screens.dialogs.flight_result import (
    FlightResultDialog,
    describe_best,
    describe_result,
)
from tuitrain.app.tour_steps import FIRST_FLIGHT_STEPS
from tuitrain.run.snapshot import Phase, Series, Snapshot

DAY = date(2026, 3, 14)


def results(folder) -> FlightResults:
    return FlightResults(folder, lambda: DAY)


def over(accuracy: float = 0.967, measured_at: int | None = None, **changes) -> Snapshot:
    total = running().info.total_steps
    series = Series(np.array([100, measured_at or total]), np.array([0.5, accuracy]))
    return running(total, phase=Phase.FINISHED, metrics={"accuracy": series}, **changes)


def test_the_result_is_the_accuracy_after_the_last_step(tmp_path):
    result, best = results(tmp_path).note(over())
    assert best is None
    assert result == FlightResult(0.967, len(over().interventions), "2026-03-14")
    assert results(tmp_path).note(over(measured_at=200)) == (None, result), "not measured yet"


def test_only_a_better_flight_becomes_the_record(tmp_path):
    for accuracy, best in ((0.9, None), (0.8, 0.9), (0.95, 0.9), (0.95, 0.95)):
        _, before = results(tmp_path).note(over(accuracy))
        assert (before and before.accuracy) == best
    assert json.loads((tmp_path / FILE_NAME).read_text())["accuracy"] == 0.95


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"accuracy": 7}',
        b'{"accuracy": 0.5, "commands": 1, "day": "\\u001b[2J"}',
        b"[1, 2]",
    ],
)
def test_a_file_that_cannot_be_read_counts_as_no_record(tmp_path, content):
    (tmp_path / FILE_NAME).write_bytes(content)
    assert results(tmp_path).note(over())[1] is None
    assert results(tmp_path).note(over())[1] is not None


def test_a_folder_that_cannot_be_written_loses_only_the_record(tmp_path):
    (tmp_path / "file").write_text("")
    result, best = results(tmp_path / "file").note(over())
    assert (result is not None, best) == (True, None)


def test_the_result_is_compared_with_the_record():
    result, other = FlightResult(0.967, 3, "2026-03-14"), FlightResult(0.95, 9, "2026-01-02")
    assert describe_best(result, None) == "This is the record to beat."
    assert describe_best(result, other).startswith("A new record: the previous best was 95.0%")
    assert describe_best(other, result) == "The record to beat is 96.7%, of 2026-03-14."
    assert describe_best(result, result) == "That equals the record, of 2026-03-14."


@pytest.mark.parametrize(
    ("commands", "end"), [(0, "left alone."), (1, "with 1 command."), (2, "with 2 commands.")]
)
def test_the_result_says_with_how_many_commands(commands, end):
    result = FlightResult(0.967, commands, "2026-03-14")
    assert describe_result(result) == f"You have reached 96.7% on the test digits, {end}"


async def test_the_end_shows_the_result_once_and_again_after_a_rewind(opened, tmp_path):
    async with opened() as person:
        person.deck.first_flight.results = results(tmp_path)
        person.source.shown = over(measured_at=200, version=2)
        await person.look()
        assert person.app.screen is person.deck
        person.source.shown = over(version=3)
        await person.look()
        assert isinstance(person.app.screen, FlightResultDialog)
        assert "96.7% on the test digits" in person.text()
        assert not person.deck.tour.active
        await person.press("backspace")
        assert type(person.app.screen).__name__ == "RewindDialog"
        await person.press("escape", "escape")
        person.source.shown = over(version=4)
        await person.look()
        assert person.app.screen is person.deck
        person.source.shown = replace(running(900), version=5)
        await person.look()
        person.source.shown = over(0.98, version=6)
        await person.look()
        assert "A new record: the previous best was 96.7%" in person.text()


async def test_another_run_has_no_result(opened):
    async with opened(FakeSource(over())) as person:
        assert person.app.screen is person.deck


def first_steps() -> FakeSource:
    groups = (group("conv", ("conv",)), group("fc", ("fc", "classifier")))
    return FakeSource(running(200, pace=25.0, groups=groups, journal=(), interventions=()))


async def test_the_tour_continues_when_the_run_is_as_it_proposes(opened, tmp_path):
    async with opened(first_steps(), size=(80, 24)) as person:
        person.deck.first_flight.results = results(tmp_path)
        await person.press("T")
        tour = person.deck.tour
        assert tour.border_title == f"tour 1 / {len(FIRST_FLIGHT_STEPS)}"
        await person.press("right_parenthesis")
        assert person.sent == ["speed 50"]
        assert tour.border_title.startswith("tour 1"), "the run has not answered yet"
        person.source.answer("refused", "no")
        await person.look()
        assert tour.border_title.startswith("tour 1")
        person.source.show(pace=50.0)
        await person.look()
        assert str(tour.content) == FIRST_FLIGHT_STEPS[0].effect
        person.source.show(step=400)
        await person.look()
        assert tour.border_title.startswith("tour 2")
        await person.press("down")
        assert tour.border_title.startswith("tour 3")


async def test_the_tour_follows_the_selection(opened, tmp_path):
    async with opened(first_steps()) as person:
        person.deck.first_flight.results = results(tmp_path)
        person.source.show(pace=None)
        await person.look()
        await person.press("T", *["down"] * 4)
        assert person.deck.tour.border_title.startswith("tour 2"), "the last parameter of conv"
        await person.press("down")
        assert "swaps the optimizer of fc" in str(person.deck.tour.content)
        await person.press("up")
        assert "The next command is for fc:  ↓  selects it." in str(person.deck.tour.content)


async def test_the_tour_of_a_paused_flight_asks_to_resume_it(opened, tmp_path):
    async with opened(first_steps()) as person:
        person.deck.first_flight.results = results(tmp_path)
        person.source.show(phase=Phase.PAUSED)
        await person.press("T")
        assert "The run is paused" in str(person.deck.tour.content)
        assert [panel.id for panel in person.deck.query(".-pointed")] == ["header"]


async def test_the_tour_of_a_flight_ends_with_the_run(opened, tmp_path):
    async with opened(first_steps()) as person:
        person.deck.first_flight.results = results(tmp_path)
        await person.press("T")
        person.source.show(phase=Phase.STOPPED)
        await person.look()
        assert not person.deck.tour.active
        await person.press("T")
        assert person.deck.tour.border_title == "tour 1 / 5", "the tour of any run that has ended"


async def test_a_later_flight_shows_the_record_and_the_key_of_the_tour(opened, tmp_path):
    path = tmp_path / "config.toml"
    write_config(path, Config(toured=True))
    results(tmp_path).note(over())
    async with opened(first_steps(), config=path) as person:
        assert person.status == "", "another run"
        person.deck.first_flight.results = results(tmp_path)
        person.source.show(step=201)
        await person.look()
        assert person.status == ("the record to beat is 96.7%, of 2026-03-14: T starts the tour")
        await person.press("escape")
        person.source.show(step=202)
        await person.look()
        assert person.status == ""
