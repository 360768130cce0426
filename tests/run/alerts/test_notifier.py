"""Alerts are delivered by a command and by a webhook; what fails is one line in the log."""

import json
import os
import select
import signal
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tuitrain.errors import TuitrainError
from tuitrain.run.alerts import notifier as module
from tuitrain.run.alerts.alert import Alert
from tuitrain.run.alerts.notifier import Notifier
from tuitrain.run.alerts.settings import AlertSettings, Notify, make_settings, read_settings

TIMEOUT = 60.0
ALERT = Alert("end", "mnist", "mnist has finished", "at step 9; $(id) `x`", 9, float("nan"))
WRITE = """
import json, os, sys
keys = [key for key in sorted(os.environ) if key.startswith("TUITRAIN_")]
json.dump([sys.argv[1:], {key: os.environ[key] for key in keys}], open(sys.argv[1], "w"))
"""


@pytest.fixture
def server():
    """A server on this machine that keeps what it is sent, and answers with given statuses."""
    bodies, statuses = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            bodies.append(json.loads(self.rfile.read(length)))
            self.send_response(statuses.pop(0) if statuses else 200)
            self.end_headers()

        def log_message(self, *_) -> None:
            pass

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}/hook", bodies, statuses
    listening.shutdown()
    listening.server_close()
    thread.join(TIMEOUT)


def deliver(settings: AlertSettings, *alerts: Alert) -> list[str]:
    """Deliver alerts, and return the lines of the log."""
    lines: list[str] = []
    notifier = Notifier(settings, lines.append)
    for alert in alerts:
        notifier.take(alert)
    notifier.close(TIMEOUT)
    return lines


def test_a_command_gets_title_and_text_as_arguments_and_no_shell_reads_them(tmp_path: Path):
    script, out = tmp_path / "write.py", tmp_path / "out"
    script.write_text(WRITE)
    command = (sys.executable, str(script), str(out))
    assert deliver(AlertSettings(command), ALERT) == []
    words, variables = json.loads(out.read_text())
    assert words[1:] == ["mnist has finished", "at step 9; $(id) `x`"]
    assert variables["TUITRAIN_EVENT"] == "end"
    assert variables["TUITRAIN_STEP"] == "9"
    assert variables["TUITRAIN_TEXT"] == ALERT.text


def test_a_webhook_gets_json(server):
    address, bodies, _ = server
    assert deliver(AlertSettings(webhook=address), ALERT) == []
    (body,) = bodies
    assert {key: body[key] for key in ("event", "run", "title", "text", "step", "loss")} == {
        "event": "end",
        "run": "mnist",
        "title": "mnist has finished",
        "text": ALERT.text,
        "step": 9,
        "loss": None,
    }
    assert {"metrics", "host", "pid"} < body.keys()


def test_a_webhook_is_tried_again(server, monkeypatch):
    address, bodies, statuses = server
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)
    statuses += [500, 503]
    settings = AlertSettings(webhook=address, retries=2)
    lines: list[str] = []
    notifier = Notifier(settings, lines.append)
    done = threading.Event()
    monkeypatch.setattr(module, "post", noting(module.post, 3, done))
    notifier.take(ALERT)
    assert done.wait(TIMEOUT)
    notifier.close(TIMEOUT)
    assert len(bodies) == 3
    assert lines == []


def noting(post, count: int, done: threading.Event):
    """Return ``post``, which sets an event after some calls."""
    calls = []

    def posting(*arguments):
        calls.append(arguments)
        try:
            post(*arguments)
        finally:
            if len(calls) == count:
                done.set()

    return posting


def test_what_is_not_delivered_is_one_line_each(tmp_path: Path, server):
    address, _, statuses = server
    statuses += [404]
    fails = (sys.executable, "-c", "import sys; sys.exit('no display\\nmore')")
    settings = AlertSettings(fails, address, retries=0)
    command, webhook = deliver(settings, ALERT)
    assert command.startswith("the alert 'mnist has finished' was not delivered: ")
    assert command.endswith("ended with status 1: no display")
    assert webhook.endswith("was not delivered: the webhook answered 404 Not Found")
    (missing,) = deliver(AlertSettings((str(tmp_path / "none"),)), ALERT)
    assert missing.endswith("none cannot be run: No such file or directory")
    slow = (sys.executable, "-c", "import signal; signal.pause()")
    (line,) = deliver(AlertSettings(slow, timeout=0.2), ALERT)
    assert line.endswith("took longer than 0.2 s")
    (refused,) = deliver(AlertSettings(webhook="http://127.0.0.1:1/", retries=0), ALERT)
    assert "the webhook is not reached: " in refused


def test_a_program_that_a_command_leaves_in_the_background_is_not_waited_for(tmp_path: Path):
    file = tmp_path / "pid"
    command = ("sh", "-c", f"sleep 600 & echo $! > {file}")
    try:
        assert deliver(AlertSettings(command, timeout=60.0), ALERT) == []
    finally:
        os.kill(int(file.read_text()), signal.SIGKILL)


def test_a_command_that_is_ended_takes_with_it_what_it_has_started(tmp_path: Path):
    pipe = tmp_path / "held"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writing = os.open(pipe, os.O_WRONLY)  # the pipe ends also if the command did not get this far
    try:
        command = ("sh", "-c", f"exec 3> {pipe}; sleep 600; true")
        (line,) = deliver(AlertSettings(command, timeout=1.0), ALERT)
        assert line.endswith("took longer than 1 s")
        os.close(writing)
        readable, _, _ = select.select([reading], [], [], 60.0)  # the kernel ends them in its time
        assert readable and os.read(reading, 1) == b""  # no one holds the other end
    finally:
        os.close(reading)


def test_a_long_error_output_is_read_and_not_kept():
    floods = "import sys; sys.stderr.write('no display\\n' * 100_000); sys.exit(3)"
    (line,) = deliver(AlertSettings((sys.executable, "-c", floods)), ALERT)
    assert line.endswith("ended with status 3: no display")


def test_of_waiting_pauses_only_the_newest_is_delivered_and_the_end_always(monkeypatch):
    delivered: list[tuple[str, int]] = []
    has_begun, may_end = threading.Event(), threading.Event()

    def run(_: object, alert: Alert, __: float) -> None:
        delivered.append((alert.event, alert.step))
        has_begun.set()
        assert may_end.wait(TIMEOUT)

    monkeypatch.setattr(module, "run_command", run)
    lines: list[str] = []
    notifier = Notifier(AlertSettings(("tell",)), lines.append)
    notifier.take(replace(ALERT, event="break", step=0))
    assert has_begun.wait(TIMEOUT)
    for step in range(1, 300):
        notifier.take(replace(ALERT, event="break", step=step))
    notifier.take(ALERT)
    may_end.set()
    notifier.close(TIMEOUT)
    assert delivered == [("break", 0), ("break", 299), ("end", 9)]
    assert lines == []


def test_a_held_pause_is_delivered_before_the_process_ends(monkeypatch):
    delivered: list[tuple[int, str]] = []
    first = threading.Event()

    def run(_: object, alert: Alert, __: float) -> None:
        delivered.append((alert.step, alert.text))
        first.set()

    monkeypatch.setattr(module, "run_command", run)
    notifier = Notifier(AlertSettings(("tell",), interval=3600.0), [].append)
    for step in range(3):
        notifier.take(replace(ALERT, event="break", step=step, text="break"))
        assert first.wait(TIMEOUT)
    notifier.close(TIMEOUT)
    assert delivered == [(0, "break"), (2, "break; 1 earlier pause was not sent")]


def test_without_settings_there_is_no_thread():
    before = {*threading.enumerate()}  # those of tests before may end meanwhile
    notifier = Notifier(AlertSettings(), [].append)
    notifier.take(ALERT)
    assert {*threading.enumerate()} <= before
    notifier.close()


def test_the_process_does_not_wait_for_a_delivery_for_longer_than_it_may(monkeypatch):
    may_end = threading.Event()
    monkeypatch.setattr(module, "run_command", lambda *_: may_end.wait(TIMEOUT))
    lines: list[str] = []
    notifier = Notifier(AlertSettings(("tell",)), lines.append)
    notifier.take(ALERT)
    notifier.close(0.05)
    assert lines == ["an alert was not delivered before the end of the process"]
    may_end.set()
    notifier.close(TIMEOUT)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"command": "notify-send 'a"}, 'notify.command: "notify-send \'a" is not a command'),
        ({"command": [""]}, "notify.command: [''] names no program"),
        ({"webhook": "ftp://x"}, "notify.webhook: 'ftp://x' is not an address that begins with"),
        ({"webhook": "https://"}, "notify.webhook"),
        ({"webhook": "https://chat.example.org:99999/"}, "notify.webhook"),
        ({"webhook": "https://chat.example.org/a b"}, "notify.webhook"),
        ({"webhook": "https://chat.example.org/\xfc"}, "notify.webhook"),
        ({"timeout": 0.0}, "notify.timeout: seconds above 0 and at most 60, but was given 0.0"),
        ({"retries": 11}, "notify.retries: a whole number from 0 to 10, but was given 11"),
        ({"interval": -1.0}, "notify.interval: seconds from 0 to 86400, but was given -1.0"),
        ({"interval": float("nan")}, "notify.interval"),
    ],
)
def test_settings_that_are_none_are_errors(values, problem: str):
    with pytest.raises(TuitrainError) as error:
        make_settings(Notify(**values))
    assert problem in str(error.value)


def test_settings_are_read_from_the_configuration_file(tmp_path: Path):
    path = tmp_path / "config.toml"
    assert read_settings(path) == AlertSettings()
    path.write_text('rate = 5\n[notify]\nbell = false\ncommand = "notify-send -u low"\n')
    assert read_settings(path) == AlertSettings(("notify-send", "-u", "low"))
    path.write_text("[notify]\ncommand = 3\n")
    with pytest.raises(TuitrainError, match=r"config\.toml"):
        read_settings(path)


def test_a_misspelt_key_is_an_error_also_without_a_screen(tmp_path: Path):
    path = tmp_path / "config.toml"
    path.write_text('[notify]\ncomand = "notify-send"\n')
    with pytest.raises(
        TuitrainError, match=r"there is no key 'comand' here .*allowed: bell.*command"
    ):
        read_settings(path)
