"""Random input: some of the seeds of `make monkey`."""

from __future__ import annotations

import pytest

from tests.monkey.in_process import play
from tests.monkey.moves import moves
from tests.monkey.worlds import WORLDS
from tuitrain.app.framework.guarded_app import GuardedApp

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("world", WORLDS)
async def test_random_input_finds_no_fault(world, monkeypatch):
    monkeypatch.setattr(GuardedApp, "raise_faults", False)
    episode = await play(world, 10003, 200, seconds=60)
    assert episode.events
    assert episode.reports == []
    assert (episode.exits, episode.faults) == (0, 0)


def test_a_seed_determines_the_input():
    one, same, other = moves(1), moves(1), moves(2)
    first = [next(one) for _ in range(300)]
    assert first == [next(same) for _ in range(300)]
    assert first != [next(other) for _ in range(300)]
