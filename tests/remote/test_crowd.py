"""Many viewers, floods and killed viewers leave the training as it is without them."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.remote.runs import TIMEOUT
from tuitrain.engines.batch_view import InspectBatch
from tuitrain.remote.client.find_endpoint import endpoint_of
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.control.client import ControlClient
from tuitrain.remote.local.live_entry import RunFacts, read_entries, run_id
from tuitrain.remote.wire.frames import make_frame
from tuitrain.remote.wire.messages import PROTOCOL_VERSION, Hello, Ping, encode_message
from tuitrain.run.snapshot import Phase, Snapshot

SCENARIO = """
schema = 1
name = "crowd"
model = "mlp"
data = "mnist-mini"
batch_size = 64
epochs = {}
optimizer = {{ name = "sgd", lr = 0.05 }}
[[at]]
epoch = 1
do = "lr * x0.5"
"""

EPOCHS = 30
VIEWERS = 50

DOOMED = """
import sys
from tuitrain.remote.client.find_endpoint import endpoint_of
from tuitrain.remote.client.remote_source import RemoteSource
source = RemoteSource(endpoint_of(sys.argv[1]), "doomed", read_only=True).start()
source.wait_for(lambda shown: source.received > 0, 60)
print("attached", flush=True)
source.wait_for(lambda shown: False, 600)
"""


def run(file: Path, folder: Path) -> subprocess.Popen[bytes]:
    words = ["run", "--headless", str(file), "--out", str(folder)]
    return subprocess.Popen(
        [sys.executable, "-m", "tuitrain", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def last_digests(folder: Path) -> tuple[int, dict[str, str]]:
    lines = map(json.loads, (folder / "journal.jsonl").read_text().splitlines())
    last = [line for line in lines if line["event"] == "digest"][-1]
    return last["step"], last["digests"]


def wait_for_entry(identity: str) -> RunFacts:
    give_up_at = time.monotonic() + TIMEOUT
    while time.monotonic() < give_up_at:
        for facts in read_entries():
            if facts.id == identity and facts.socket.exists():
                return facts
    raise AssertionError("the run has made no socket")


def sees_the_crowd(shown: Snapshot) -> bool:
    """Return whether the count has all viewers: each snapshot goes to fifty of them, one by one."""
    return shown.attachment is not None and shown.attachment.viewers >= VIEWERS


@pytest.mark.slow
def test_a_crowd_does_not_change_the_training(tmp_path: Path) -> None:
    file = tmp_path / "crowd.toml"
    file.write_text(SCENARIO.format(EPOCHS))
    watched, alone = tmp_path / "watched", tmp_path / "alone"
    with run(file, watched) as process:
        facts = wait_for_entry(run_id(watched))
        endpoint = endpoint_of(facts.id)
        with ControlClient(endpoint, "program") as client:  # all are there before the run ends
            paused_at = client.send("pause", "ctl", "", None, TIMEOUT).step
        viewers = [
            RemoteSource(endpoint, f"viewer-{number}", read_only=True).start()
            for number in range(VIEWERS)
        ]
        for number, viewer in enumerate(viewers):
            viewer.wait_for(lambda _, viewer=viewer: viewer.received > 0, TIMEOUT)
            assert viewer.received
            viewer.select_parameter("fc1.weight")
            if number % 5 == 0:
                viewer.inspect(InspectBatch())
        flood = socket.socket(socket.AF_UNIX)
        flood.connect(str(facts.socket))
        flood.setblocking(False)
        hello = Hello(PROTOCOL_VERSION, "viewer", "flood", read_only=True)
        flood.send(make_frame(encode_message(hello)))
        flood.send(b"".join(make_frame(encode_message(Ping(n))) for n in range(3000)))
        with subprocess.Popen(
            [sys.executable, "-c", DOOMED, facts.id], stdout=subprocess.PIPE, text=True
        ) as doomed:
            assert doomed.stdout is not None
            assert doomed.stdout.readline() == "attached\n"
            shown = viewers[0].wait_for(sees_the_crowd, TIMEOUT)
            assert shown.phase is Phase.PAUSED
            assert sees_the_crowd(shown)
            with ControlClient(endpoint, "program") as client:
                client.send("resume", "ctl", "", None, TIMEOUT)
            viewers[0].wait_for(lambda shown: shown.step > paused_at, TIMEOUT)
            doomed.send_signal(signal.SIGKILL)
        viewers[0].wait_for(lambda shown: shown.phase.ended, 300)
        assert process.wait(300) == 0
        flood.close()
        for viewer in viewers:
            viewer.close()
    with run(file, alone) as process:
        assert process.wait(300) == 0
    assert last_digests(watched) == last_digests(alone)
