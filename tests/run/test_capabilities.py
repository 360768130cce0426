"""Commands for a missing capability are refused with the engine's reason, without a call."""

import pytest

from tests.run.fake_engine import FakeEngine
from tuitrain.commands import parse
from tuitrain.engines.capabilities import Capabilities, Capability
from tuitrain.engines.inspection import FailedInspection, InspectBatch, InspectNetwork
from tuitrain.run.live.inspector import Inspector
from tuitrain.run.session import Session
from tuitrain.run.snapshot import RunInfo

REASON = "add run.batches() for this"


@pytest.fixture
def session() -> Session:
    engine = FakeEngine()
    reasons = dict.fromkeys(Capability, REASON)
    engine.capabilities = Capabilities(frozenset(), reasons)
    return Session(engine, RunInfo("test", "fake", "none", 0, 4, 10, 100))


@pytest.mark.parametrize(
    "text",
    [
        "rewind 0", "undo", "redo", "branch main", "try lr all 0.1, 0.2 for 3 steps",
        "preview lr * x2", "break when dead units of all > 50%",
    ],
)  # fmt: skip
def test_a_command_that_the_engine_lacks_is_refused_with_its_reason(session, text):
    entry = session.apply_command(parse(text), "user", 1)
    assert (entry.outcome, entry.message) == ("refused", REASON)


@pytest.mark.parametrize("request_", [InspectNetwork(), InspectBatch()])
def test_an_inspection_that_the_engine_lacks_fails_with_its_reason(session, request_):
    answer = Inspector(lambda: 0.0).inspect(session, request_)
    assert answer == FailedInspection(request_, 0, REASON)


def test_a_capability_without_a_reason_is_named():
    lacking = Capabilities(frozenset())
    assert "counting dead units" in lacking.missing(Capability.DEAD_UNITS)
    assert Capabilities().missing(Capability.DEAD_UNITS) == ""


def test_an_engine_that_cannot_go_back_keeps_no_states(session):
    session.run_burst(max_steps=10)
    assert session.step
    assert session.timeline.cached_steps() == ()
