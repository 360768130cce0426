"""Runs on transformed samples are recorded, verified, resumed and saved as any other."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.scenario import small
from tests.scenario.small import TEXT
from tests.scenario.test_verification import STOPPED, replayed, run_scenario, steered
from tests.scenario.test_verify import nothing
from tuitrain.cli import main
from tuitrain.scenario.events import Ended
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.resume import resume

SHIFTED = TEXT.replace("small:data", "small:shifted")


def shifted(text: str) -> str:
    return text.replace("small:data", "small:shifted")


def final_digest(text: str) -> str:
    """Return the digest at the end of a scenario's run."""
    events = replay(loads(text, "x.toml"), "x.toml")
    return next(event.digest for event in events if isinstance(event, Ended))


@pytest.mark.parametrize(
    "script", [(10,), (9, "rewind 4", 7), (9, "lr head 0.3", 2, "undo", 3)], ids=str
)
def test_a_run_is_verified_however_it_was_steered(tmp_path, capsys, script):
    steered(tmp_path / "run", *script, text=SHIFTED)
    status, out = replayed(tmp_path / "run", capsys)
    assert (status, "identical" in out) == (0, True), out


def test_a_stopped_run_resumes_to_the_same_end(tmp_path):
    steered(tmp_path / "run", 10, "stop", text=SHIFTED)
    with ExitStack() as files:
        *_, ended = resume(tmp_path / "run", files, nothing, nothing)
    assert ended.digest == final_digest(SHIFTED)
    assert ended.digest != final_digest(TEXT)


def test_another_transform_is_named(tmp_path, capsys, monkeypatch):
    run_scenario(tmp_path / "run", shifted(STOPPED))
    wider = small.shifted(2)
    monkeypatch.setattr(small, "shifted", lambda: wider)
    status, out = replayed(tmp_path / "run", capsys)
    assert status == 1
    assert "training transform: Compose" in out


def test_a_saved_program_trains_to_the_same_bits(tmp_path, capsys):
    (tmp_path / "x.toml").write_text(SHIFTED)
    assert main(["save", str(tmp_path / "x.toml"), str(tmp_path / "x.py")]) == 0
    capsys.readouterr()
    program = (tmp_path / "x.py").read_text()
    exec(compile(program, "x.py", "exec"), {"__name__": "program"})
    assert capsys.readouterr().out.splitlines()[-1] == final_digest(SHIFTED)
