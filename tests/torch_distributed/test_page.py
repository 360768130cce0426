"""What the page about several processes shows works as shown, under `torchrun`."""

import os
import subprocess
import sys
import time
from contextlib import suppress

from tests.docs.pages import blocks
from tests.torch_distributed.launch import ROOT, SECONDS, kill_all
from tests.torch_script.fixtures import losses_of, read_lines

SCRIPT = next(block for block in blocks("python") if block.page.name == "several-processes.md")


def torchrun(folder, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", *arguments]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'core'}",
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_RUNTIME_DIR": str(folder),
        "OMP_NUM_THREADS": "1",
        **env,
    }
    with (folder / "output.txt").open("wb") as output:
        return subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def end(agent: subprocess.Popen[bytes]) -> None:
    """End an agent, which ends its workers: they are in sessions of their own."""
    agent.terminate()
    with suppress(subprocess.TimeoutExpired):
        agent.wait(20)
    kill_all(agent)


def test_the_script_runs(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT.text)
    agent = torchrun(tmp_path, "--nproc-per-node", "2", "train.py")
    try:
        status = agent.wait(SECONDS)
    finally:
        end(agent)
    output = (tmp_path / "output.txt").read_text()
    assert status == 0, output
    assert output.count("recorded in") == output.count("this run is live") == 1
    (folder,) = (tmp_path / "state/tuitrain/runs").iterdir()
    assert len(losses_of(folder)) == 4 * 8


def test_the_agent_of_torchrun_does_not_hide_which_rank_was_killed(tmp_path):
    text = SCRIPT.text.replace(
        "    run.step(loss)\n",
        "    run.step(loss)\n    if run.steps_taken == 9 and dist.get_rank() == 1:\n"
        "        os.kill(os.getpid(), 9)\n",
    )
    (tmp_path / "train.py").write_text("import os\n" + text)
    agent = torchrun(tmp_path, "--nproc-per-node", "2", "train.py")
    try:
        began = time.monotonic()
        assert agent.wait(SECONDS)
        assert time.monotonic() - began < SECONDS
    finally:
        end(agent)
    (folder,) = (tmp_path / "state/tuitrain/runs").iterdir()
    ends = [line for line in read_lines(folder, "journal.jsonl") if line["event"] == "end"]
    assert ends[-1]["reason"] == "failed"
    assert "rank 1 has died" in (tmp_path / "output.txt").read_text()


def test_the_record_of_ranks_that_the_agent_ends_has_an_end(tmp_path):
    text = SCRIPT.text.replace("epochs=4", "epochs=4000").replace(
        "    run.step(loss)\n",
        "    run.step(loss)\n    if run.steps_taken == 9 and dist.get_rank() == 0:\n"
        "        os.kill(os.getppid(), 15)\n",
    )
    (tmp_path / "train.py").write_text("import os\n" + text)
    agent = torchrun(tmp_path, "--nproc-per-node", "2", "train.py")
    try:
        assert agent.wait(SECONDS)
    finally:
        end(agent)
    (folder,) = (tmp_path / "state/tuitrain/runs").iterdir()
    (ended,) = [line for line in read_lines(folder, "journal.jsonl") if line["event"] == "end"]
    assert ended["reason"] == "interrupted"
    assert ended["digests"]
