"""Starting a detached run: the command waits until it is built, and tells why it is not."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tuitrain.cli import main
from tuitrain.errors import TuitrainError
from tuitrain.remote.detached import start

SCENARIO = """
schema = 1
name = "begun"
model = "mlp"
data = "spirals"
batch_size = 16
epochs = 400
optimizer = {{ name = "sgd", lr = {lr} }}
[[group]]
name = "all"
params = ["{params}"]
"""


def scenario(folder: Path, lr: float = 0.05, params: str = "*", data: str = "spirals") -> Path:
    """Write a scenario, and return its path."""
    path = folder / "begun.toml"
    text = SCENARIO.format(lr=lr, params=params)
    path.write_text(text.replace('"spirals"', json.dumps(data)))
    return path


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the last line on stderr; nothing may be on stdout."""
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"data": "nope.csv"}, "nope.csv"), ({"params": "zz*"}, "zz*")],
)
def test_a_run_that_cannot_be_built_is_an_error(
    changes: dict[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, record = scenario(tmp_path, **changes), tmp_path / "record"
    status = main(["run", "--headless", str(path)])
    headless = last_line(capsys)
    assert message in headless
    assert main(["run", "--detach", "--out", str(record), str(path)]) == status == 2
    assert last_line(capsys) == headless
    assert not record.exists()


def test_a_folder_that_was_there_before_stays(tmp_path: Path) -> None:
    path, record = scenario(tmp_path, params="zz*"), tmp_path / "record"
    record.mkdir()
    (record / "own.txt").write_text("kept")
    assert main(["run", "--detach", "--out", str(record), str(path)]) == 2
    assert (record / "own.txt").read_text() == "kept"
    assert not (record / "header.json").exists()


def test_an_exception_of_a_module_has_its_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.py").write_text("raise ValueError('of the module')")
    path = scenario(tmp_path, data="own:rows")
    assert main(["run", "--headless", str(path)]) == 2
    headless = capsys.readouterr().err
    assert "of the module" in headless
    assert main(["run", "--detach", "--out", str(tmp_path / "record"), str(path)]) == 2
    assert capsys.readouterr().err == headless


def test_a_script_without_a_run_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, record = tmp_path / "plain.py", tmp_path / "record"
    script.write_text("print('nothing to watch')")
    assert main(["run", "--detach", "--out", str(record), str(script)]) == 2
    line = last_line(capsys)
    assert "has ended without a call of tuitrain.watch" in line
    assert line.endswith(f"what it has printed is in {record / 'output.log'}")
    assert "nothing to watch" in (record / "output.log").read_text()


def test_a_run_that_cannot_be_resumed_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, record = tmp_path / "rows.csv", tmp_path / "record"
    data.write_text("x,y,label\n" + "0,1,0\n1,0,1\n" * 64)
    path = scenario(tmp_path, data=f"csv:{data}")
    words = ["run", "--detach", "--paused", "--out", str(record), "--json", str(path)]
    assert main(words) == 0
    pid = json.loads(capsys.readouterr().out)["pid"]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    data.unlink()
    assert main(["resume", "--detach", str(record)]) == 2
    assert "rows.csv" in last_line(capsys)
    assert (record / "header.json").exists()


def test_the_command_waits_for_the_first_step_of_a_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "NOTICE_SECONDS", 0.0)
    script, sign = tmp_path / "slow.py", tmp_path / "sign"
    script.write_text(f"import os\nwhile not os.path.exists({str(sign)!r}): pass\n")
    words = ["run", "--hosted", "--out", str(tmp_path / "record"), str(script)]
    with pytest.raises(TuitrainError, match="has ended without a call"):
        start.start_detached(words, tmp_path / "record", lambda _: sign.touch())
