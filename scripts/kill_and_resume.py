"""Kill runs at random times and resume them: all must end with the same result and files.

    python scripts/kill_and_resume.py --kills 100

Prints how many did. A run is killed at any time between its start and its end: during compilation,
training, or a write of the record or a checkpoint.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCENARIO = """
schema = 1
name = "to be killed"
model = "mlp"
steps = 1400
batch_size = 32
[optimizer]
name = "adam"
lr = 0.001
[[group]]
name = "fc"
params = ["fc*"]
[[group]]
name = "head"
params = ["*"]
[[at]]
step = 60
do = "freeze head"
[[at]]
step = 120
do = ["thaw head reset", "schedule * cosine to 0 over 200 steps"]
[[at]]
step = 200
do = ["checkpoint before-swap", "optimizer fc sgd momentum=0.9 state=carry"]
[[at]]
step = 620
do = ["try lr fc x0.5, x2 for 40 steps", "checkpoint middle"]
[[at]]
step = 700
do = "rewind before-swap"
[[expect]]
step = 1300
changed = { group = "head", since_step = 120 }
"""


def run_to_end(arguments: list[str]) -> list[dict]:
    """Run tuitrain, and return the events that it prints."""
    process = subprocess.run(
        [sys.executable, "-m", "tuitrain", *arguments], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in process.stdout.splitlines()]


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the contents of a run's files, by path; partial files are left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".partial")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def start(scenario: Path, folder: Path) -> subprocess.Popen:
    """Start a recorded run."""
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tuitrain",
            "run",
            "--headless",
            "--out",
            str(folder),
            str(scenario),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def start_and_kill(seconds: float, scenario: Path, folder: Path) -> bool:
    """Start a run, kill it after some seconds, and return whether it has a record."""
    with start(scenario, folder) as process:
        time.sleep(seconds)
        process.kill()
    return (folder / "header.json").exists()


def main() -> int:
    """Kill and resume runs; return 0 if all of them ended the same."""
    parser = argparse.ArgumentParser(description="Kill runs at random times and resume them.")
    parser.add_argument("--kills", type=int, default=100, help="number of kills (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the times (default: 0)")
    arguments = parser.parse_args()
    times = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as temporary:
        scenario = Path(temporary) / "scenario.toml"
        scenario.write_text(SCENARIO)
        uninterrupted = Path(temporary) / "uninterrupted"
        started = time.perf_counter()
        events = run_to_end(
            ["run", "--headless", "--json", "--out", str(uninterrupted), str(scenario)]
        )
        duration = time.perf_counter() - started
        expected = events[-1], read_files(uninterrupted)
        same = without_record = from_checkpoint = 0
        for number in range(arguments.kills):
            folder = Path(temporary) / f"run-{number}"
            if start_and_kill(times.uniform(0, duration), scenario, folder):
                (folder / "summary.json").unlink(missing_ok=True)  # of a run that was faster
                events = run_to_end(["resume", "--json", str(folder)])
                from_checkpoint += events[1]["step"] > 0
                same += (events[-1], read_files(folder)) == expected
            else:
                without_record += 1
        resumed = arguments.kills - without_record
    print(
        f"{arguments.kills} kills in runs of {duration:.1f} s: {without_record} without a record, "
        f"{resumed} resumed ({from_checkpoint} from a checkpoint), "
        f"{same} with the same result and files"
    )
    return 0 if same == resumed else 1


if __name__ == "__main__":
    sys.exit(main())
