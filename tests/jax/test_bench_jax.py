"""The benchmark's JAX peers: they take the steps that everyone else takes, on other batches."""

import pytest

from tests.bench.peer_equivalence import CELLS, assert_same_work, name
from tuitrain.bench.peers import jax_jit, jax_scan


@pytest.mark.parametrize("cell", CELLS, ids=name)
@pytest.mark.parametrize("peer", [jax_jit, jax_scan], ids=["jit", "scan"])
def test_every_way_of_jax_takes_the_steps_that_are_taken_by_hand(cell, peer):
    assert_same_work(cell, peer.prepare)
