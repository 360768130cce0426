"""The tutorial's training loops under `watch`: two added lines, and the same bits."""

import pytest

import tuitrain
from tests.tutorial.test_tutorial import CONV, FC, Reader

TRAINING, BEFORE = "3_lr_to_zero.py", ["1_parameters.py", "2_groups.py"]


@pytest.fixture
def watched(tmp_path):
    """Return a function that reads the page up to its training, and watches it."""
    readers = []

    def start(**settings) -> Reader:
        reader = Reader()
        readers.append(reader)
        for step in BEFORE:
            reader.read(step)
        names = reader.names
        net, optimizer, loader = names["le_net"], names["optimizer"], names["dataloader"]
        names["run"] = tuitrain.watch(
            net, optimizer, loader=loader, epochs=4, out=tmp_path / "run", **settings
        )
        reader.read(TRAINING)
        names["run"].finish()
        return reader

    yield start
    for reader in readers:
        reader.names["run"].finish()


def test_the_page_trains_the_same_bits(watched):
    alone = Reader()
    alone.read_through(TRAINING)
    assert watched().parameters == alone.parameters


def test_a_planned_freeze_keeps_the_bytes_of_a_group(watched):
    at = watched(plan={16: "freeze group0"}).parameters
    for name in CONV:
        assert at["at first"][name] != at[0][name] == at[1][name] == at[3][name]
    assert all(at[0][name] != at[1][name] == at[3][name] for name in FC)
