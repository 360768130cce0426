"""SIGTERM and SIGHUP end a script that nothing but Python has started, and its record ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.script.problem import read_lines
from tuitrain.errors import TerminatedError
from tuitrain.run.ending_signals import EndingSignals

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

SCRIPT = """
import os
import signal
import tuitrain
from tests.script.problem import make_problem

problem = make_problem()
{before}
run = tuitrain.watch(problem.net, problem.optimizer, loader=problem.loader, epochs=3, out="run")
for epoch in range(3):
    problem.train_epochs(1)
    if epoch == 1:
        {body}
run.finish()
{after}
"""


@pytest.fixture
def end_script(tmp_path):
    """Return a function that runs a script with lines of its own to its end."""

    def run(body: str = "pass", before: str = "", after: str = "") -> subprocess.CompletedProcess:
        script = tmp_path / "train.py"
        script.write_text(SCRIPT.format(body=body, before=before, after=after))
        return subprocess.run(
            [sys.executable, str(script)],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            check=False,
        )

    return run


def end_of(folder: Path) -> dict:
    return read_lines(folder / "run", "journal.jsonl")[-1]


@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_the_record_of_a_script_that_is_asked_to_end_has_an_end(end_script, tmp_path, name, status):
    done = end_script(f"os.kill(os.getpid(), signal.{name})")
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert "recorded in run" in done.stderr
    end = end_of(tmp_path)
    assert (end["reason"], end["step"]) == ("interrupted", 10)
    assert end["digests"]


def test_a_script_that_catches_the_interrupt_ends_as_it_wants(end_script, tmp_path):
    body = """
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt:
            break
    """
    done = end_script(body.strip(), after="print('saved')")
    assert (done.returncode, done.stdout) == (0, "saved\n")
    assert end_of(tmp_path)["step"] == 10


def test_a_signal_that_is_ignored_stays_so(end_script, tmp_path):
    done = end_script(
        "os.kill(os.getpid(), signal.SIGHUP)", "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    )
    assert done.returncode == 0, done.stderr
    assert end_of(tmp_path)["step"] == 15


def test_a_forked_child_ends_at_once_and_the_run_goes_on(end_script, tmp_path):
    body = """
        child = os.fork()
        if not child:
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(0)
        print(os.WTERMSIG(os.waitpid(child, 0)[1]))
    """
    done = end_script(body.strip())
    assert (done.returncode, done.stdout) == (0, "15\n"), done.stderr
    assert end_of(tmp_path)["step"] == 15


def test_after_the_run_a_signal_has_its_usual_effect(end_script, tmp_path):
    done = end_script(after="os.kill(os.getpid(), signal.SIGTERM)")
    assert done.returncode == -signal.SIGTERM
    assert end_of(tmp_path)["step"] == 15


def test_a_signal_ends_the_process_after_the_end_is_written(end_script, tmp_path):
    before = """
import threading
from tuitrain.script.headless_host import HeadlessHost
join = HeadlessHost.join
def join_late(host):
    os.kill(os.getpid(), signal.SIGTERM)
    join(host)
HeadlessHost.join = join_late
"""
    done = end_script(before=before, after="print('not reached')")
    assert (done.returncode, done.stdout) == (143, ""), done.stderr
    assert end_of(tmp_path)["step"] == 15


@pytest.fixture
def signals():
    """Return the signals of a run that trains in this process."""
    made = EndingSignals()
    made.begin()
    yield made
    made.end()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_first_signal_interrupts(signals):
    with pytest.raises(TerminatedError) as raised:
        signal.raise_signal(signal.SIGTERM)
    assert raised.value.status == 143


def test_a_held_signal_is_noted(signals):
    with signals.held() as held:
        signal.raise_signal(signal.SIGHUP)
    assert held.number == signal.SIGHUP
