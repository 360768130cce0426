"""Checkpoint files: what is read is what was written, and anything else is one clear error."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engines.conftest import make_engine
from tuitrain.commands import parse
from tuitrain.errors import StateMismatchError, TuitrainError
from tuitrain.run.checkpoint import CheckpointError, read_checkpoint, write_checkpoint


def eventful():
    engine = make_engine()
    engine.run(5, lambda: False)
    for text in (
        "freeze conv.bias",
        "optimizer conv adam betas=0.8,0.9",
        "schedule fc cosine to 0 over 3 epochs warmup=4",
        "clip value 0.5",
    ):
        engine.apply(parse(text))
    engine.run(3, lambda: False)
    return engine


def test_an_engine_goes_on_from_a_file_with_the_same_bits(tmp_path):
    first, second = eventful(), make_engine()
    write_checkpoint(tmp_path / "x.npz", first.state())
    second.load_state(read_checkpoint(tmp_path / "x.npz"))
    assert second.digest() == first.digest()
    assert second.run(9, lambda: False) == first.run(9, lambda: False)
    assert second.digest() == first.digest()


def test_values_that_are_not_finite_survive(tmp_path):
    engine = make_engine()
    state = engine.state()
    state.parameters["fc.bias"][:3] = [np.nan, np.inf, -0.0]
    write_checkpoint(tmp_path / "x.npz", state)
    read = read_checkpoint(tmp_path / "x.npz")
    assert read.parameters["fc.bias"].tobytes() == state.parameters["fc.bias"].tobytes()


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    engine = make_engine()
    write_checkpoint(tmp_path / "x.npz", engine.state())
    before = (tmp_path / "x.npz").read_bytes()
    (tmp_path / "x.npz.partial").mkdir()
    engine.run(1, lambda: False)
    with pytest.raises(CheckpointError) as error:
        write_checkpoint(tmp_path / "x.npz", engine.state())
    assert "cannot be written" in str(error.value)
    assert (tmp_path / "x.npz").read_bytes() == before


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_file_is_one_clear_error(tmp_path, data):
    path = tmp_path / "x.npz"
    write_checkpoint(path, eventful().state())
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    engine = make_engine()
    try:
        engine.load_state(read_checkpoint(path))
    except TuitrainError as error:
        assert str(error)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04"])
def test_what_is_no_checkpoint_is_told(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(tmp_path / "x.npz")
    assert "damaged, or no checkpoint" in str(error.value)


def test_a_pickle_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", evil=np.array([{"a": 1}], dtype=object))
    with pytest.raises(CheckpointError):
        read_checkpoint(tmp_path / "x.npz")


def test_a_checkpoint_of_another_model_lists_what_does_not_fit(tmp_path):
    engine = make_engine()
    state = engine.state()
    del state.parameters["fc.bias"]
    write_checkpoint(tmp_path / "x.npz", state)
    with pytest.raises(StateMismatchError) as error:
        engine.load_state(read_checkpoint(tmp_path / "x.npz"))
    assert "parameter fc.bias is missing" in str(error.value)
