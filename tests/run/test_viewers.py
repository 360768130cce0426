"""Several viewers of one live run: each has its own views; together they cost what one does."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.embedded import make_engine
from tests.run.fake_engine import FakeEngine
from tuitrain.commands import SetLr, parse
from tuitrain.engines.inspection import InspectBatch, InspectNetwork, InspectWeights
from tuitrain.errors import RefusedError
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.live.boundary import Boundary
from tuitrain.run.live.inspector import MIN_TRAINING_RATIO
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.live.viewer import Viewer
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase, RunInfo

INFO = RunInfo("test", "small", "none", 0, 8, 7, 70)
TIMEOUT = 60.0
OWN = ("parameter", "inspection", "preview")


class Clock:
    """A clock that moves only when a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Flight:
    """A run whose boundaries a test visits one by one."""

    def __init__(self, engine=None, total: int = 70) -> None:
        self.clock = Clock()
        info = RunInfo("test", "small", "none", 0, 8, 7, total)
        self.access = LiveAccess(info, self.clock)
        self.session = Session(engine or make_engine(), info)
        self.boundary = Boundary(self.session, self.access, self.clock)

    def visit(self, seconds: float = 1.0) -> None:
        self.clock.now += seconds
        self.boundary.visit()

    def advance(self, steps: int = 1, seconds: float = 1.0) -> None:
        if self.session.phase is Phase.RUNNING:
            self.boundary.run_burst(max_steps=steps)
        self.visit(seconds)


def test_each_viewer_has_its_own_views_and_shares_the_rest():
    flight = Flight()
    first, second, plain = (flight.access.open_viewer() for _ in range(3))
    first.select_parameter("fc.weight")
    first.inspect(InspectNetwork())
    second.select_parameter("conv.weight")
    second.preview(SetLr("fc", 0.5))
    flight.advance(3)
    flight.advance(3)
    one, two, shared = first.snapshot(), second.snapshot(), plain.snapshot()
    assert one.parameter is not None
    assert two.parameter is not None
    assert (one.parameter.name, two.parameter.name) == ("fc.weight", "conv.weight")
    assert one.inspection is not None
    assert (one.preview, two.inspection) == (None, None)
    assert two.preview is not None
    assert [getattr(shared, name) for name in OWN] == [None, None, None]
    for name in {field.name for field in fields(shared)} - {*OWN}:
        assert getattr(one, name) is getattr(two, name) is getattr(shared, name), name
    assert first.snapshot() is one


def test_snapshots_share_the_interventions_until_a_decision_changes_them():
    flight = Flight()
    viewer = flight.access.open_viewer()
    texts = ["lr fc 0.5", "freeze conv", "clip norm 1"]
    for text in texts:
        viewer.submit(parse(text))
        flight.advance(2)
    before = viewer.snapshot()
    flight.advance(2)
    after = viewer.snapshot()
    assert before is not after
    assert before.interventions is after.interventions
    assert [one.command for one in after.interventions] == texts
    viewer.submit(parse("undo"))
    flight.visit()
    assert [one.command for one in viewer.snapshot().interventions] == texts[:2]
    viewer.submit(parse("redo"))
    flight.visit()
    assert viewer.snapshot().interventions == after.interventions
    viewer.submit(parse(f"rewind {before.interventions[1].step}"))
    flight.visit()
    assert [one.command for one in viewer.snapshot().interventions] == texts[:1]


def test_a_closed_viewer_has_no_requests_and_cannot_submit():
    flight = Flight()
    viewer, other = flight.access.open_viewer(), flight.access.open_viewer()
    viewer.select_parameter("fc.weight")
    flight.visit()
    assert flight.access.viewers == 2
    viewer.close()
    viewer.close()
    viewer.select_parameter("conv.weight")
    other.snapshot()
    flight.visit()
    assert flight.access.viewers == 1
    assert viewer.snapshot() is other.snapshot()
    with pytest.raises(RefusedError, match="the viewer is closed"):
        viewer.submit(parse("pause"))


def test_a_new_viewer_gets_a_new_snapshot_at_the_next_boundary():
    flight = Flight(FakeEngine())
    flight.access.open_viewer()
    flight.visit()
    flight.advance(2, 0.0)
    viewer = flight.access.open_viewer()
    flight.boundary.run_burst()
    flight.visit(0.0)
    assert viewer.snapshot().step == flight.session.step == 3, "opening one ends the burst"


class Costly(FakeEngine):
    """Inspections, previews and descriptions of parameters take a second on a test's clock."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.calls: list[tuple[str, float]] = []

    def _spend(self, kind: str) -> None:
        self.calls.append((kind, self.clock.now))
        self.clock.now += 1.0

    def inspect_parameter(self, parameter: str):
        self._spend(parameter)
        return super().inspect_parameter(parameter)

    def inspect_batch(self, request: InspectBatch):
        self._spend(request.split)
        raise RefusedError("no batch")

    def preview(self, command):
        self._spend("preview")
        return super().preview(command)


def costly_flight(total: int = 10**6) -> tuple[Flight, Costly]:
    engine = Costly()
    flight = Flight(engine, total)
    flight.clock = engine.clock
    flight.access = LiveAccess(flight.session.info, engine.clock)
    flight.boundary = Boundary(flight.session, flight.access, engine.clock)
    return flight, engine


def test_equal_requests_are_answered_once():
    flight, engine = costly_flight()
    viewers = [flight.access.open_viewer() for _ in range(20)]
    for viewer in viewers:
        viewer.inspect(InspectWeights("w"))
    flight.visit()
    assert [name for name, _ in engine.calls] == ["w"]
    answers = {id(viewer.snapshot().inspection) for viewer in viewers}
    assert len(answers) == 1


@pytest.mark.parametrize("viewers", [1, 3, pytest.param(20, marks=pytest.mark.slow)])
def test_different_inspections_take_the_share_of_one_and_each_has_its_turn(viewers):
    flight, engine = costly_flight()
    opened = [flight.access.open_viewer() for _ in range(viewers)]
    for number, viewer in enumerate(opened):
        viewer.inspect(InspectWeights(f"w{number}"))
    while flight.clock.now < 30 * viewers * (1 + MIN_TRAINING_RATIO):
        for viewer in opened:
            viewer.snapshot()
        flight.advance(1, 0.7)
    spent = len(engine.calls)
    assert spent <= flight.clock.now / (1 + MIN_TRAINING_RATIO) + 2
    counts = [sum(name == f"w{n}" for name, _ in engine.calls) for n in range(viewers)]
    assert min(counts) >= 20
    assert max(counts) - min(counts) <= 2


def test_viewers_that_flood_requests_take_the_share_of_one():
    flight, engine = costly_flight()
    opened = [flight.access.open_viewer() for _ in range(10)]
    for turn in range(3000):
        for number, viewer in enumerate(opened):
            viewer.inspect(InspectWeights(f"w{turn}.{number}"))
            viewer.snapshot()
        flight.advance(1, 0.7)
    assert len(engine.calls) <= flight.clock.now / (1 + MIN_TRAINING_RATIO) + 2


def test_previews_of_many_viewers_leave_half_of_the_time_and_take_turns():
    flight, engine = costly_flight()
    opened = [flight.access.open_viewer() for _ in range(10)]
    for viewer in opened:
        viewer.snapshot()
    seen: set[int] = set()
    for turn in range(200):
        for number, viewer in enumerate(opened):
            viewer.preview(SetLr("all", 1.0 + turn * 10 + number))
        flight.advance(1, 0.1)
        seen |= {n for n, viewer in enumerate(opened) if viewer.snapshot().preview is not None}
    assert len(engine.calls) <= flight.clock.now / 2 + 1
    assert seen == set(range(10))


def test_a_paused_run_answers_every_request_at_once():
    flight, _ = costly_flight()
    flight.session.phase = Phase.PAUSED
    opened = [flight.access.open_viewer() for _ in range(5)]
    for number, viewer in enumerate(opened):
        viewer.preview(SetLr("all", number + 1.0))
        viewer.inspect(InspectWeights(f"w{number}"))
    flight.visit(0.0)
    for viewer in opened:
        assert viewer.snapshot().preview is not None
        assert viewer.snapshot().inspection is not None


@pytest.mark.parametrize("steps", [1, 6])
def test_a_command_behind_the_look_at_the_mail_does_not_wait_for_a_whole_burst(steps):
    """One that comes during a visit is applied there; one during that work ends the next burst."""
    flight = Flight(total=700)
    viewer = flight.access.open_viewer()
    for _ in range(4):
        flight.advance(6)
    before, texts = flight.session.step, ["lr fc 0.5", "lr fc 0.25"]
    commands = iter(map(parse, texts))
    flight.session.on_boundary = lambda: viewer.submit(next(commands))
    flight.visit()
    assert [entry.command for entry in viewer.snapshot().journal] == texts[:1]
    flight.boundary.run_burst(max_steps=steps)
    assert flight.session.step - before <= 2
    flight.session.on_boundary = lambda: None
    flight.visit()
    assert [entry.command for entry in viewer.snapshot().journal] == texts
    assert viewer.snapshot().journal[0].step == before


def test_requests_end_few_bursts():
    """Of many requests a burst ends for the first; the others wait for its end."""
    flight = Flight(FakeEngine(), 1000)
    ended: list[None] = []
    flight.access.mailbox.interrupt_burst = lambda: ended.append(None)
    viewer = flight.access.open_viewer()
    ended.clear()
    for number in range(1000):
        viewer.select_parameter(f"w{number}")
        flight.clock.now += 0.001
    assert len(ended) <= 11


requests = st.one_of(
    st.tuples(st.just("select_parameter"), st.sampled_from([None, "fc.weight", "no", "conv.bias"])),
    st.tuples(
        st.just("inspect"),
        st.sampled_from([None, InspectWeights("fc.weight"), InspectNetwork(), InspectBatch()]),
    ),
    st.tuples(st.just("preview"), st.sampled_from([None, *map(parse, ("lr fc 0.5", "lr no 1"))])),
)
moves = st.one_of(
    st.tuples(st.just("open"), st.none()),
    st.tuples(st.just("close"), st.integers(0, 5)),
    st.tuples(st.just("advance"), st.integers(1, 5)),
    st.tuples(st.just("read"), st.integers(0, 5)),
    st.tuples(st.just("request"), st.tuples(st.integers(0, 5), requests)),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(moves, max_size=40))
def test_viewers_that_come_and_go_do_not_change_the_run(sequence):
    flight, alone = Flight(), Session(make_engine(), INFO)
    viewers: list[Viewer] = []
    versions: dict[int, int] = {}
    for kind, value in sequence:
        if kind == "open":
            viewers.append(flight.access.open_viewer())
        elif kind == "advance":
            flight.advance(value, 0.3)
        elif viewers and kind == "close":
            viewers.pop(value % len(viewers)).close()
        elif viewers and kind == "request":
            number, (method, argument) = value
            getattr(viewers[number % len(viewers)], method)(argument)
        elif viewers and kind == "read":
            viewer = viewers[value % len(viewers)]
            snapshot = viewer.snapshot()
            assert snapshot.version >= versions.get(id(viewer), 0)
            versions[id(viewer)] = snapshot.version
    assert flight.access.viewers == len(viewers)
    while alone.step < flight.session.step:
        alone.run_burst(max_steps=flight.session.step - alone.step)
    assert flight.session.engine.digests() == alone.engine.digests()
    assert [*flight.session.journal.entries()] == []


def test_viewers_that_flood_a_live_run_from_threads_leave_its_digest_unchanged():
    info = RunInfo("test", "small", "none", 0, 8, 7, 140)
    alone = Session(make_engine(), info)
    while not alone.phase.ended:
        alone.run_burst()
    session = Session(make_engine(), info)
    run = LiveRun(lambda on_progress: session, info)
    viewers = [run.open_viewer() for _ in range(5)]
    run.start()
    turn = 0
    while not run.snapshot().phase.ended:
        turn += 1
        for number, viewer in enumerate(viewers):
            viewer.inspect((InspectNetwork(), InspectBatch(), None)[(turn + number) % 3])
            viewer.select_parameter(("fc.weight", "conv.weight")[turn % 2])
            viewer.preview(SetLr("fc", 1.0 + turn + number))
            viewer.snapshot()
    run.close()
    assert session.engine.digests() == alone.engine.digests()
    assert session.step == 140
