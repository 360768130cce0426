"""Kill runs at random instants and resume them: all must end the same, and leave the same files.

    python scripts/kill_and_resume.py --kills 100

Prints how many did. A run is killed anywhere between its start and its end: while it compiles,
while it trains, while it writes its record or a checkpoint.
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


def events_of(arguments: list[str]) -> list[dict]:
    """Run tuitrain to its end, and return the events it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "tuitrain", *arguments], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def left_in(folder: Path) -> dict[str, bytes]:
    """Return all that a run has left, by file."""
    files = (each for each in folder.rglob("*") if each.is_file() and each.suffix != ".partial")
    return {str(each.relative_to(folder)): each.read_bytes() for each in files}


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


def killed_after(seconds: float, scenario: Path, folder: Path) -> bool:
    """Start a run and kill it; return whether it had begun to leave a record."""
    with start(scenario, folder) as process:
        time.sleep(seconds)
        process.kill()
    return (folder / "header.json").exists()


def main() -> int:
    """Kill and resume as often as asked; the status is 0 if every end was the same."""
    parser = argparse.ArgumentParser(description="Kill runs at random instants and resume them.")
    parser.add_argument("--kills", type=int, default=100, help="how often (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="of the instants (default: 0)")
    arguments = parser.parse_args()
    instants = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as place:
        scenario = Path(place) / "scenario.toml"
        scenario.write_text(SCENARIO)
        uninterrupted = Path(place) / "uninterrupted"
        began = time.perf_counter()
        ended = events_of(
            ["run", "--headless", "--json", "--out", str(uninterrupted), str(scenario)]
        )
        whole = time.perf_counter() - began
        expected = ended[-1], left_in(uninterrupted)
        same = early = late = 0
        for number in range(arguments.kills):
            folder = Path(place) / f"run-{number}"
            if killed_after(instants.uniform(0, whole), scenario, folder):
                events = events_of(["resume", "--json", str(folder)])
                late += events[1]["step"] > 0
                same += (events[-1], left_in(folder)) == expected
            else:
                early += 1
        resumed = arguments.kills - early
    print(
        f"{arguments.kills} kills in {whole:.1f} s runs: {early} before there was a record, "
        f"{resumed} resumed ({late} from a checkpoint), {same} of them to the same end and files"
    )
    return 0 if same == resumed else 1


if __name__ == "__main__":
    sys.exit(main())
