"""Checkpoint files: they read back as written, or are one error."""

from dataclasses import replace
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.run.test_timeline import do, make, run_to
from tuitrain.errors import CheckpointError, StateMismatchError, TuitrainError
from tuitrain.records.array_file import DIGEST_MEMBER, pack
from tuitrain.records.checkpoint_file import (
    Checkpoint,
    Position,
    encode_checkpoint,
    read_checkpoint,
    read_position,
)
from tuitrain.records.record_writer import write_atomic
from tuitrain.run.session import Session
from tuitrain.run.session_state import SessionState
from tuitrain.run.snapshot import Phase

AT = Position(12, 345)


def eventful() -> Session:
    session = make()
    run_to(session, 30)
    do(session, "lr * x2")
    run_to(session, 45)
    do(session, "rewind 33")
    run_to(session, 40)
    do(session, "break when loss > x9")
    do(session, "checkpoint here")
    do(session, "freeze conv.bias")
    do(session, "optimizer conv adam betas=0.8,0.9")
    do(session, "schedule fc cosine to 0 over 3 epochs warmup=4")
    do(session, "clip value 0.5")
    do(session, "try lr fc x0.1, x3 for 9 steps")
    run_to(session, 47)
    return session


def content(state: SessionState) -> bytes:
    return encode_checkpoint(Checkpoint("sha256:x", {"numpy": "2"}, AT, state))


def readable(state: SessionState) -> str:
    """Return all that is in a state, as text: arrays by their bytes."""

    def text(value):
        match value:
            case np.ndarray():
                return [str(value.dtype), list(value.shape), value.tobytes().hex()]
            case dict():
                return sorted((key, text(item)) for key, item in value.items())
            case list() | tuple():
                return [text(item) for item in value]
        if hasattr(value, "series"):
            return text(value.series())
        names = getattr(type(value), "__struct_fields__", ()) or getattr(
            type(value), "__dataclass_fields__", ()
        )
        return [(name, text(getattr(value, name))) for name in names] or repr(value)

    return str(text(state))


def test_what_is_read_is_what_was_written(tmp_path):
    state = eventful().state()
    write_atomic(tmp_path / "x.npz", content(state))
    read = read_checkpoint(tmp_path / "x.npz")
    assert (read.run, read.environment, read.position) == ("sha256:x", {"numpy": "2"}, AT)
    assert read_position(tmp_path / "x.npz") == AT
    assert readable(read.session) == readable(state)


def test_a_session_continues_from_a_file_with_the_same_bits(tmp_path):
    first, second = eventful(), make()
    write_atomic(tmp_path / "x.npz", content(first.state()))
    second.restore(read_checkpoint(tmp_path / "x.npz").session)
    gradients = [
        [item.engine.gradient(n) for n in item.engine.parameters()] for item in (first, second)
    ]
    np.testing.assert_equal(*gradients)
    for session in (first, second):
        run_to(session, 60)
        do(session, "undo")
        run_to(session, 70)
        do(session, "rewind here")
        run_to(session, 55)
        do(session, "branch b2")
        run_to(session, 66)
    assert second.engine.digest() == first.engine.digest()
    shown = [repr(replace(item.snapshot(), journal=(), lr_sweep=None)) for item in (first, second)]
    assert shown[0] == shown[1]


def test_a_held_step_passes_after_a_checkpoint(tmp_path):
    first, second = make(), make()
    run_to(first, 23)
    do(first, "break when grad_norm fc > 0")
    first.run_burst()
    assert (first.step, first.phase) == (23, Phase.PAUSED)
    write_atomic(tmp_path / "x.npz", content(first.state()))
    second.restore(read_checkpoint(tmp_path / "x.npz").session)
    second.run_burst(max_steps=5)
    assert (second.step, second.phase) == (28, Phase.RUNNING)


def test_values_that_are_not_finite_survive(tmp_path):
    state = make().state()
    state = replace(state, engine=replace(state.engine, step=2))
    state.engine.parameters["fc.bias"][:3] = [np.nan, np.inf, -0.0]
    state.branch.loss.extend(1, [np.nan, -np.inf])
    write_atomic(tmp_path / "x.npz", content(state))
    assert readable(read_checkpoint(tmp_path / "x.npz").session) == readable(state)


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path):
    path = tmp_path / "x.npz"
    write_atomic(path, b"old")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", full_disk)
        with pytest.raises(OSError, match="No space"):
            write_atomic(path, b"new")
    assert [item.name for item in tmp_path.iterdir()] == ["x.npz"]
    assert path.read_bytes() == b"old"


def full_disk(_) -> None:
    raise OSError(28, "No space left on device")


@cache
def whole() -> bytes:
    """Return the content of the checkpoint of an eventful session."""
    return content(eventful().state())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_file_is_one_error_or_reads_as_written(tmp_path, data):
    damaged = bytearray(whole())
    if data.draw(st.booleans()):
        del damaged[data.draw(st.integers(0, len(damaged) - 1)) :]
    else:
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "x.npz"
    path.write_bytes(damaged)
    try:
        result = readable(read_checkpoint(path).session)
    except CheckpointError as error:
        assert str(path) in str(error)
    else:
        path.write_bytes(whole())
        assert result == readable(read_checkpoint(path).session)


@pytest.mark.parametrize("foreign", [b"", b"hello", b"PK\x03\x04", b"\x93NUMPY"])
def test_a_file_that_is_no_checkpoint_is_an_error(tmp_path, foreign):
    (tmp_path / "x.npz").write_bytes(foreign)
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(tmp_path / "x.npz")
    assert "damaged, or not a checkpoint" in str(error.value)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(CheckpointError) as error:
        read_position(tmp_path / "x.npz")
    assert str(error.value).endswith("x.npz: no such file")


@pytest.mark.parametrize("name", ["meta.json", "evil"])
def test_a_pickle_is_refused(tmp_path, name):
    arrays = dict(np.load(written(tmp_path)))
    arrays[name] = np.array([{"a": 1}], dtype=object)
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(tmp_path / "x.npz")
    assert "damaged, or not a checkpoint" in str(error.value)


def written(tmp_path):
    (tmp_path / "x.npz").write_bytes(whole())
    return tmp_path / "x.npz"


def with_meta(tmp_path, change) -> None:
    """Write a checkpoint whose JSON is another."""
    arrays = dict(np.load(written(tmp_path)))
    meta = msgspec.json.decode(arrays["meta.json"].tobytes())
    change(meta)
    arrays["meta.json"] = np.frombuffer(msgspec.json.encode(meta), np.uint8)
    forge(tmp_path / "x.npz", arrays)


def forge(path, arrays) -> None:
    """Write a checkpoint of these arrays, with a digest that fits."""
    path.write_bytes(pack({name: item for name, item in arrays.items() if name != DIGEST_MEMBER}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda meta: meta.update(schema=9), "has schema 9; this version reads 1"),
        (lambda meta: meta.update(schema="one"), "expected a whole number, but got a string"),
        (lambda meta: meta.update(mood=1), "there is no key 'mood' here"),
        (lambda meta: meta["session"].update(lines=[]), "it has no branch"),
        (lambda meta: meta["session"].update(breakpoints=["undo"]), "'undo' is not a breakpoint"),
        (
            lambda meta: meta["session"].update(planned=[{"step": 3, "command": "frieze"}]),
            "unknown command 'frieze'",
        ),
        (lambda meta: meta["session"]["updates"].pop("fc.bias"), "unknown entry 'slot/fc.bias/"),
        (lambda meta: meta["session"]["lines"].pop(), "unknown entry 'line/"),
    ],
)
def test_an_error_names_the_fault_of_a_file(tmp_path, change, message):
    with_meta(tmp_path, change)
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(tmp_path / "x.npz")
    assert message in str(error.value)


def test_a_checkpoint_of_another_model_lists_every_mismatch(tmp_path):
    arrays = dict(np.load(written(tmp_path)))
    arrays["parameter/fc.wait"] = arrays.pop("parameter/fc.weight")
    arrays["buffer/norm.running_mean"] = arrays["buffer/norm.running_mean"].astype(np.float64)
    arrays["gradient/head.bias"] = np.zeros(9, np.float32)
    forge(tmp_path / "x.npz", arrays)
    session = make()
    before = session.engine.digest()
    with pytest.raises(StateMismatchError) as error:
        session.restore(read_checkpoint(tmp_path / "x.npz").session)
    for message in (
        "fc.wait is unknown",
        "fc.weight is missing",
        "running_mean is float64",
        "(9,)",
    ):
        assert message in str(error.value)
    assert session.engine.digest() == before
    assert isinstance(error.value, TuitrainError)
