"""The app in a browser: which requests are answered, and how errors are reported."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

import pytest

from tests.remote.runs import served as live
from tests.serving import served
from tuitrain.app.web.origin import is_loopback, is_same_origin
from tuitrain.app.web.serve import serve
from tuitrain.cli import main
from tuitrain.errors import TuitrainError


def fetched(address: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def test_the_page_is_served_to_localhost_and_refers_to_the_requested_host(tmp_path):
    with served(tmp_path) as (address, _):
        assert address.startswith("http://127.0.0.1:")
        status, page = fetched(address)
        assert status == 200
        assert f"ws://{address.removeprefix('http://')}/ws" in page
        _, page = fetched(address.replace("127.0.0.1", "localhost"))
        assert "ws://localhost:" in page
        assert fetched(address, Host="elsewhere.example")[0] == 403
        assert fetched(f"{address}/ws", Origin="http://elsewhere.example")[0] == 403


@pytest.mark.parametrize(
    ("host", "origin", "served_at", "answered"),
    [
        ("127.0.0.1:8000", None, "127.0.0.1", True),
        ("localhost:8000", "http://localhost:8000", "127.0.0.1", True),
        ("[::1]:8000", "http://[::1]:8000", "::1", True),
        ("localhost:8000", "http://localhost:9000", "127.0.0.1", False),
        ("localhost:8000", "http://elsewhere.example", "127.0.0.1", False),
        ("rebound.example:8000", "http://rebound.example:8000", "127.0.0.1", False),
        ("rebound.example:8000", None, "127.0.0.1", False),
        ("box.example:8000", "http://box.example:8000", "0.0.0.0", True),
        ("box.example:8000", "http://elsewhere.example", "0.0.0.0", False),
    ],
)
def test_requests_of_other_origins_are_refused(host, origin, served_at, answered):
    assert is_same_origin(host, origin, served_at) == answered


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("box", False)],
)
def test_loopback_addresses_are_recognized(host, loopback):
    assert is_loopback(host) == loopback


def test_a_page_of_a_run_that_is_not_live_any_more_says_so(tmp_path):
    with (
        live(tmp_path / "run") as made,
        served(tmp_path / "state", "--attach", made.id) as (address, _),
    ):
        assert fetched(address)[0] == 200
        made.server.close()
        status, page = fetched(address)
    assert status == 503
    assert page.startswith("no run is live on this machine")


def test_without_the_extra_the_error_says_what_to_install(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "tuitrain.app.web.server", raising=False)
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    assert main(["serve"]) == 2
    output = capsys.readouterr().err
    assert 'pip install "tuitrain[serve]"' in output
    assert output.count("\n") == 1


def test_a_used_port_is_one_error(tmp_path, capsys):
    with served(tmp_path) as (address, _):
        port = address.rpartition(":")[2]
        assert main(["serve", "--port", port]) == 2
    assert f"cannot listen at 127.0.0.1, port {port}: " in capsys.readouterr().err


def test_an_invalid_port_is_refused():
    with pytest.raises(TuitrainError, match="from 1 to 65535, but was given 0"):
        serve(["run"], port=0)


def test_a_bad_scenario_is_an_error_before_serving(tmp_path, capsys):
    assert main(["serve", str(tmp_path / "none.toml")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_serving_to_other_machines_prints_a_warning(tmp_path):
    with served(tmp_path, "--host", "0.0.0.0") as (address, server):
        assert address.startswith("http://0.0.0.0:")
        assert server.poll() is None
