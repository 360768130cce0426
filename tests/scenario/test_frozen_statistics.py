"""Norm layers without parameters, frozen with their layers: killed, resumed, replayed alike."""

from __future__ import annotations

import pytest

from tests.scenario.killing import Killed
from tests.scenario.test_resume import EVENTFUL, fly, go_on
from tests.scenario.test_verify import nothing
from tuitrain.scenario.events import Ended
from tuitrain.scenario.load import load
from tuitrain.scenario.replay import replay
from tuitrain.scenario.save import save
from tuitrain.scenario.verify import verify_record

TEXT = EVENTFUL.replace("small:model", "small:Plain").replace(
    'do = ["freeze fc", "checkpoint early", "lr head 0.2", "freeze absent"]',
    'do = ["freeze fc", "freeze inner.0.*", "checkpoint early", "group top = fc1.*"]',
)


@pytest.mark.slow
@pytest.mark.parametrize("instants", [(70,), (260, 90), (400,)])
def test_a_killed_and_resumed_run_ends_as_an_uninterrupted_one(tmp_path, instants):
    whole = fly(TEXT, tmp_path / "whole")[-1]
    with pytest.raises(Killed):
        fly(TEXT, tmp_path / "run", instants[0])
    for instant in instants[1:]:
        with pytest.raises(Killed):
            go_on(tmp_path / "run", instant)
    ended = go_on(tmp_path / "run")[-1]
    assert isinstance(whole, Ended)
    assert (ended.digest, ended.step) == (whole.digest, whole.step)
    comparison = verify_record(tmp_path / "run", nothing, nothing)
    assert comparison.verdict.ok
    assert comparison.verdict.identical_through == whole.step
    save(tmp_path / "run", tmp_path / "saved.toml")
    assert list(replay(load(tmp_path / "saved.toml"), "saved.toml"))[-1].digest == whole.digest
