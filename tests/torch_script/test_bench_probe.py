"""The benchmark's probe of loops in PyTorch."""

import subprocess
import sys


def test_the_probe_prints_the_cost_of_a_step():
    command = [sys.executable, "-m", "tuitrain.bench.probes.watched_loop"]
    for words in (["cost", "0", "0.2", "0"], ["cost", "0.001", "0.4", "1"]):
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=True)
        assert 0 <= float(done.stdout) < 1
        assert "descriptors" not in done.stderr
