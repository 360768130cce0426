"""Files with the part of a state that a rank has: written, read, removed with their checkpoint."""

from pathlib import Path

import numpy as np
import pytest

from tuitrain.engines.state import EngineState, OptimizerState
from tuitrain.errors import CheckpointError
from tuitrain.records.part_file import PartFiles, parts_folder


@pytest.fixture
def place(tmp_path):
    return str(parts_folder(tmp_path / "checkpoints" / "v1.0.npz") / "12-mark")


def make_state() -> EngineState:
    return EngineState(
        step=12,
        parameters={
            "w": np.arange(6, dtype=np.float32).reshape(2, 3),
            "b": np.zeros(0, np.float32),
        },
        buffers={"mean": np.ones(3)},
        optimizers={"w": OptimizerState(12, {"exp_avg": np.full((2, 3), 0.5, np.float32)})},
        frozen={"b": 3},
        groups=({"name": "all", "members": ["w", "b"]},),
        random={"torch": "AAAA"},
        clip=("norm", 1.0),
    )


def test_a_part_is_read_as_it_was_written(place):
    state = make_state()
    PartFiles().write(place, 1, 2, state)
    part = PartFiles().read(place, 1, 2)
    for name, array in state.parameters.items():
        assert part.parameters[name].shape == array.shape
        assert part.parameters[name].tobytes() == array.tobytes()
    assert part.optimizers["w"].updates == 12
    assert part.optimizers["w"].slots["exp_avg"].tolist() == [[0.5] * 3] * 2
    assert (part.step, part.frozen, part.clip) == (12, {"b": 3}, ("norm", 1.0))
    assert (part.groups, part.random) == (state.groups, state.random)


def test_a_part_of_another_number_of_ranks_is_refused(place):
    PartFiles().write(place, 1, 2, make_state())
    with pytest.raises(CheckpointError, match="belongs to rank 1 of 2, not to rank 1 of 4"):
        PartFiles().read(place, 1, 4)


def test_a_missing_or_damaged_part_is_named(place):
    with pytest.raises(CheckpointError, match=r"12-mark-rank1\.npz: no such file"):
        PartFiles().read(place, 1, 2)
    PartFiles().write(place, 1, 2, make_state())
    path = Path(f"{place}-rank1.npz")
    content = bytearray(path.read_bytes())
    content[content.index(np.ones(3).tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"12-mark-rank1\.npz is damaged"):
        PartFiles().read(place, 1, 2)


def test_the_parts_of_a_replaced_checkpoint_are_removed(place, tmp_path):
    files = PartFiles()
    for rank in (1, 11):
        files.write(place, rank, 12, make_state())
    later = place.replace("12-mark", "15-other")
    files.write(later, 1, 12, make_state())
    files.remove_others(later, 1)
    folder = tmp_path / "checkpoints/v1.0.ranks"
    assert sorted(path.name for path in folder.iterdir()) == [
        "12-mark-rank11.npz",
        "15-other-rank1.npz",
    ]
    files.remove(later, 1)
    files.remove(later, 1)
    assert [path.name for path in folder.iterdir()] == ["12-mark-rank11.npz"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "checkpoints").write_text("no folder")
    with pytest.raises(CheckpointError, match="cannot be written"):
        PartFiles().write(str(tmp_path / "checkpoints/here.ranks/1-mark"), 1, 2, make_state())
