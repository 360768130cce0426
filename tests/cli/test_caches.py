"""A run has the same bits with caches that are damaged, full or another user's."""

import os
import resource
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


MODEL = """
from tuitrain_core.models import MLP

class Counting(MLP):
    \"\"\"Keeps a count, so that its steps cannot be recorded: Numba's kernels take them.\"\"\"

    def __init__(self):
        super().__init__((784, 8, 10))
        self.count = 0

    def forward(self, inp):
        self.count += 1
        return super().forward(inp)
"""

SCENARIO = """
schema = 1
name = "caches"
model = "counting_model:Counting"
batch_size = 256
steps = 2
optimizer = { name = "adam", lr = 1e-3 }
"""


@pytest.fixture
def caches(tmp_path):
    """The folder of the compiled kernels, and a model and a scenario beside it."""
    (tmp_path / "counting_model.py").write_text(MODEL)
    (tmp_path / "run.toml").write_text(SCENARIO)
    return tmp_path / "caches" / "tuitrain" / "kernels"


def run(tmp_path, before=None):
    """Run the scenario in a process of its own; returns its status, its last line, its stderr."""
    variables = {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
        "XDG_CACHE_HOME": str(tmp_path / "caches"),
        "NUMBA_CACHE_DIR": "",
        "PYTHONDONTWRITEBYTECODE": "1",  # Python 3.11 keeps a module that was cut by the limit
    }
    words = ["run", "run.toml", "--headless", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "tuitrain", *words],
        check=False,
        cwd=tmp_path,
        env=os.environ | variables,
        preexec_fn=before,
        capture_output=True,
        text=True,
        timeout=200,
    )
    return done.returncode, done.stdout.splitlines()[-1:], done.stderr


def no_room():
    """Let no file become longer than a kilobyte."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))


def test_a_run_needs_no_caches(caches, tmp_path):
    status, end, problems = run(tmp_path, no_room)
    assert (status, problems) == (
        0,
        f"compiled kernels are not kept in {caches}: File too large\n",
    )
    assert run(tmp_path) == (0, end, "")
    kept = sorted(caches.iterdir())
    for file in kept:
        file.write_bytes(b"")
    assert run(tmp_path) == (0, end, f"damaged kernels in {caches} are compiled again\n")
    assert sorted(caches.iterdir()) == kept
    assert all(file.stat().st_size for file in kept)
    assert run(tmp_path) == (0, end, "")
