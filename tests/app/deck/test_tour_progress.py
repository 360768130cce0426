"""The progress of the tour of the first flight, in right and wrong orders."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from tests.app.fake import group, running
from tuitrain.app.tour_progress import PAUSED, SelectedRow, TourProgress
from tuitrain.app.tour_steps import FIRST_FLIGHT_STEPS, NO_END, TOUR_STEPS
from tuitrain.run.snapshot import Intervention, JournalEntry, Phase, Snapshot

CONV, FC = group("conv", ("conv",)), group("fc", ("fc", "classifier"))


def started(**changes) -> Snapshot:
    """Return a first flight after some steps, in which the user has done nothing."""
    first = running(200, pace=25.0, groups=(CONV, FC), journal=(), interventions=())
    return replace(first, **changes)


@dataclass
class Flight:
    """A run, its selected row, and its tour."""

    shown: Snapshot = field(default_factory=started)
    row: SelectedRow = field(default_factory=lambda: SelectedRow("conv", True))

    def __post_init__(self) -> None:
        self.tour = TourProgress(FIRST_FLIGHT_STEPS, self.shown)
        self.tour.follow(self.shown, self.row)

    def change(self, **changes) -> None:
        self.shown = replace(self.shown, **changes)
        self.tour.follow(self.shown, self.row)

    def take(self, steps: int) -> None:
        self.change(step=self.shown.step + steps)

    def select(self, name: str, is_group: bool = True) -> None:
        self.row = SelectedRow(name, is_group)
        self.tour.follow(self.shown, self.row)

    def give(self, command: str, actor: str = "key", outcome: str = "applied", **changes) -> None:
        """Give a command; ``changes`` is what it does to the run."""
        entry = JournalEntry(1, self.shown.step, command, actor, outcome, "")
        made = self.shown.interventions
        if outcome == "applied" and "branch" not in changes:
            made = (*made, Intervention(self.shown.step, command))
            changes = {"interventions": made, **changes}
        self.change(journal=(*self.shown.journal, entry), **changes)

    def alter(self, name: str, **changes) -> tuple:
        """Return the groups, one of them changed."""
        return tuple(
            replace(one, **changes) if one.name == name else one for one in self.shown.groups
        )

    def go_to(self, name: str) -> None:
        """Skip to the step that proposes a key."""
        while not self.tour.is_over and self.tour.steps[self.tour.at].name != name:
            self.tour.skip()
            self.tour.follow(self.shown, self.row)

    @property
    def text(self) -> str:
        return self.tour.prompt(self.shown, self.row).text

    @property
    def key(self) -> str:
        return self.tour.prompt(self.shown, self.row).name


def test_each_step_waits_for_its_effect_and_shows_it():
    flight = Flight()
    assert flight.key == "faster"
    flight.change(pace=50.0)
    assert (flight.key, flight.text) == ("", FIRST_FLIGHT_STEPS[0].effect)
    flight.take(FIRST_FLIGHT_STEPS[0].effect_steps)
    assert flight.key == "down"
    flight.select("conv", is_group=False)
    assert flight.key == "down", "a parameter of conv is not fc"
    flight.select("fc")
    assert flight.key == "optimizer"
    flight.give("optimizer fc adam", groups=flight.alter("fc", optimizer="adam"))
    assert flight.text == FIRST_FLIGHT_STEPS[2].effect
    flight.take(250)
    assert flight.key == "lr"
    flight.give("lr fc x100")
    flight.take(200)
    assert "lr fc x100" in flight.text
    flight.give("undo", branch="b1", interventions=flight.shown.interventions[:1])
    assert flight.text == FIRST_FLIGHT_STEPS[4].effect
    flight.take(250)
    assert (flight.key, flight.text) == (
        "up",
        "The next command is for conv: {key} selects it.",
    )
    flight.select("conv")
    assert flight.key == "freeze"
    flight.give("freeze conv", groups=flight.alter("conv", frozen_since=700))
    flight.take(250)
    flight.select("fc")
    assert "then 8 and enter" in flight.text, "10 epochs, of which the third is not over"
    flight.give("decay fc over 8 epochs", groups=flight.alter("fc", schedule="linear→0"))
    assert flight.key == "faster"
    flight.change(pace=500.0)
    assert flight.key == "faster"
    flight.change(pace=None)
    flight.take(NO_END)
    assert flight.tour.is_over


def test_a_paused_run_is_to_be_resumed_first():
    flight = Flight()
    flight.change(phase=Phase.PAUSED)
    assert (flight.text, flight.key) == (PAUSED, "pause")
    flight.change(pace=50.0)
    assert flight.text == PAUSED, "its effect is not seen while the run is paused"
    flight.change(phase=Phase.RUNNING)
    assert flight.text == FIRST_FLIGHT_STEPS[0].effect


def test_a_pause_does_not_hide_a_step_about_the_table():
    flight = Flight(started(pace=None, phase=Phase.PAUSED))
    assert flight.key == "down"


def test_what_the_user_has_done_before_is_left_out():
    groups = (replace(CONV, frozen_since=100), replace(FC, optimizer="adam", schedule="cosine→0"))
    flight = Flight(started(pace=None, groups=groups), SelectedRow("fc", True))
    assert flight.key == "lr"
    flight.give("lr fc 0.05")
    flight.take(200)
    flight.give("undo", branch="b1", interventions=())
    flight.take(250)
    assert flight.tour.is_over, "all other steps are fulfilled"


def test_a_frozen_group_is_thawed_before_it_is_steered():
    groups = (replace(CONV, frozen_since=100), replace(FC, frozen_since=100))
    flight = Flight(started(pace=None, groups=groups), SelectedRow("fc", True))
    assert (flight.key, flight.text) == (
        "freeze",
        "fc is frozen, and cannot learn. {key} thaws it.",
    )
    flight.give("thaw fc", groups=flight.alter("fc", frozen_since=None))
    assert flight.key == "optimizer"


def test_steps_about_groups_that_do_not_exist_are_left_out():
    flight = Flight(started(groups=(group("all", tuple("cf")),)))
    flight.change(pace=50.0)
    flight.take(150)
    assert (flight.key, flight.tour.at) == ("faster", 7)


def test_an_undo_without_a_mistake_is_not_proposed():
    flight = Flight(row=SelectedRow("fc", True))
    flight.go_to("lr")
    flight.tour.skip()
    flight.tour.follow(flight.shown, flight.row)
    assert flight.tour.steps[flight.tour.at].name == "freeze"


def test_a_mistake_stays_to_be_undone_while_another_command_is():
    flight = Flight(started(pace=None, groups=(CONV, replace(FC, optimizer="adam"))))
    flight.select("fc")
    flight.give("lr fc x100")
    flight.take(200)
    flight.give("clip norm 1")
    assert "clip norm 1" in flight.text
    flight.give("undo", branch="b1", interventions=flight.shown.interventions[:1])
    assert "lr fc x100" in flight.text
    flight.give("undo", branch="b2", interventions=())
    assert flight.text == FIRST_FLIGHT_STEPS[4].effect


def test_a_quick_user_does_not_wait_for_an_effect():
    flight = Flight(started(pace=None), SelectedRow("fc", True))
    flight.give("optimizer fc adam", groups=flight.alter("fc", optimizer="adam"))
    flight.give("pause", actor="command")
    assert flight.text == FIRST_FLIGHT_STEPS[2].effect
    flight.give("lr fc x100")
    assert flight.text == FIRST_FLIGHT_STEPS[3].effect


def test_only_applied_commands_of_the_user_to_the_right_group_count():
    flight = Flight(started(pace=None, groups=(CONV, replace(FC, optimizer="adam"))))
    flight.select("fc")
    flight.give("lr fc x100", outcome="refused")
    flight.give("lr conv x100")
    flight.give("lr fc 0.1", actor="scenario")
    assert flight.key == "lr"


def test_the_tour_returns_to_what_a_way_back_has_taken_back():
    flight = Flight(started(pace=None), SelectedRow("fc", True))
    flight.give("optimizer fc adam", groups=flight.alter("fc", optimizer="adam"))
    flight.take(250)
    flight.go_to("decay")
    flight.give("rewind to 100", branch="b1", interventions=(), groups=(CONV, FC), step=100)
    assert flight.key == "optimizer"


def test_a_step_that_was_skipped_does_not_return():
    flight = Flight(row=SelectedRow("fc", True))
    flight.go_to("decay")
    flight.give("rewind to 0", branch="b1", interventions=(), step=0)
    assert flight.tour.steps[flight.tour.at].name == "decay"


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.RUNNING])
def test_a_run_before_its_first_step_keeps_the_first_step(phase):
    flight = Flight(started(phase=phase, step=0, groups=(), pace=None))
    assert flight.key == "faster"


@pytest.mark.parametrize(
    ("phase", "read_only", "names"),
    [
        (
            Phase.RUNNING,
            False,
            ["down", "freeze", "undo", "earlier", "pause", "next_chart", "help"],
        ),
        (Phase.FINISHED, False, ["down", "undo", "earlier", "next_chart", "help"]),
        (Phase.FAILED, False, ["down", "next_chart", "help"]),
        (Phase.RUNNING, True, ["down", "earlier", "next_chart", "help"]),
        (Phase.RECORDED, True, ["down", "next_chart", "help"]),
    ],
)
def test_the_tour_of_any_run_has_the_steps_that_the_run_takes(phase, read_only, names):
    tour = TourProgress(TOUR_STEPS, running(phase=phase), read_only)
    assert [step.name for step in tour.steps] == names


def test_the_tour_of_a_run_without_a_way_back_promises_none():
    tour = TourProgress(TOUR_STEPS, running(no_way_back="its loop fetches its own batches"))
    names = ["down", "freeze", "earlier", "pause", "next_chart", "help"]
    assert [step.name for step in tour.steps] == names
    assert not any("undoes" in step.text or "rewinds" in step.text for step in tour.steps)
