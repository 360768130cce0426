"""The server as a client sees it: tools, answers, limits; over the standard streams."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, Implementation

from tests.docs.pages import blocks
from tests.remote.runs import served
from tuitrain.cli.parser import parse_arguments
from tuitrain.mcp_server.stdio_server import make_server
from tuitrain.mcp_server.tools import TOOLS
from tuitrain.remote.local.find_run import find_run

ROOT = Path(__file__).parents[2]

SCENARIO = """
schema = 1
name = "steered"
model = "tests.scenario.small:model"
data = "tests.scenario.small:data"
batch_size = 8
epochs = 10000000
optimizer = { name = "sgd", lr = 0.01 }
[limits]
lr_factor = 10
"""


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    return content.text


def answer_of(result: CallToolResult) -> dict:
    assert not result.is_error, text_of(result)
    answer = json.loads(text_of(result))
    assert result.structured_content == answer
    return answer


@asynccontextmanager
async def connected(run: str = "", may_act: bool = True) -> AsyncIterator[Client]:
    server = make_server(run, may_act)
    who = Implementation(name="test client", version="1")
    async with Client(server, client_info=who) as client:
        yield client


async def names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


async def test_the_tools_are_listed_with_hints():
    async with connected() as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == [spec.name for spec in TOOLS]
        hints = {tool.name: tool.annotations.read_only_hint for tool in tools}
        assert hints["status"] is True
        assert hints["command"] is False
        assert "freeze TARGET" in next(tool.description for tool in tools if tool.name == "command")
        assert "give a reason" in client.instructions


async def test_without_act_the_tools_that_change_a_run_are_absent():
    async with connected(may_act=False) as client:
        assert not await names(client) & {"command", "cancel"}
        result = await client.call_tool("command", {"command": "undo", "reason": "x"})
        assert result.is_error
        assert "without --act" in text_of(result)


async def test_a_mistake_is_an_error_of_the_tool_in_one_sentence():
    async with connected() as client:
        result = await client.call_tool("status", {"run": "lenet"})
        assert result.is_error
        assert "no run is live on this machine" in text_of(result)
        result = await client.call_tool("metrics", {"pints": 5})
        assert result.is_error
        assert "did you mean 'points'" in text_of(result)


async def test_a_command_of_a_client_has_its_name(tmp_path: Path):
    with served(tmp_path / "record", paused=False) as run:
        async with connected(run.id) as client:
            assert "list_runs" not in await names(client)
            values = {"command": "freeze conv", "reason": "a try"}
            assert answer_of(await client.call_tool("command", values))["outcome"] == "applied"
            (entry,) = answer_of(await client.call_tool("journal"))["entries"]
    assert (entry["actor"], entry["why"]) == ("agent@test-client", "a try")


async def test_a_wait_reports_its_progress(tmp_path: Path):
    states: list[str | None] = []

    async def on_progress(done: float, total: float | None, message: str | None) -> None:
        states.append(message)

    with served(tmp_path / "record", paused=False):
        async with connected() as client:
            values = {"until": "loss < 0", "timeout": 2.5}
            result = await client.call_tool("wait", values, progress_callback=on_progress)
            assert answer_of(result)["message"] == "after 2.5 s"
    assert [state for state in states if state and state.startswith("running, step")]


@contextmanager
def detached(folder: Path) -> Iterator[None]:
    """Train in a process without a screen, until the block is left."""
    file = folder / "steered.toml"
    file.write_text(SCENARIO)
    words = ["run", "--detach", str(file), "--out", str(folder / "record"), "--json"]
    started = subprocess.run(
        [sys.executable, "-m", "tuitrain.cli", *words],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
        cwd=ROOT,
    )
    try:
        yield
    finally:
        os.kill(json.loads(started.stdout)["pid"], signal.SIGTERM)


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "core")])}


@asynccontextmanager
async def started(*words: str) -> AsyncIterator[Client]:
    """Start the server as an agent does, and connect to it."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "tuitrain.cli", "mcp", *words],
        env=environment(),
        cwd=str(ROOT),
    )
    async with Client(server, client_info=Implementation(name="agent x", version="1")) as client:
        yield client


async def test_an_agent_watches_and_steers_a_detached_run_within_its_limits(tmp_path: Path):
    with detached(tmp_path):
        async with started("--act") as client:
            values = {"until": "step 1", "timeout": 60}
            assert answer_of(await client.call_tool("wait", values))["met"]
            (run,) = answer_of(await client.call_tool("list_runs"))["runs"]
            assert run["run"] == "steered"
            status = answer_of(await client.call_tool("status", {"run": run["id"]}))
            assert "lr_factor 10" in status["limits"]
            preview = answer_of(await client.call_tool("preview", {"command": "lr * x5"}))
            assert preview["problem"] == ""
            values = {"command": "lr * x20", "reason": "much faster"}
            refused = answer_of(await client.call_tool("command", values))
            assert refused["outcome"] == "refused"
            assert "limits" in refused["message"]
            values = {"command": "lr * x5", "reason": "faster", "id": "first"}
            applied = answer_of(await client.call_tool("command", values))
            assert applied["outcome"] == "applied"
            assert answer_of(await client.call_tool("command", values)) == applied
            entries = answer_of(await client.call_tool("journal"))["entries"]
            assert [(one["actor"], one["why"]) for one in entries] == [
                ("agent@agent-x", "much faster"),
                ("agent@agent-x", "faster"),
            ]
            values = {"names": ["loss", "lr:all"], "points": 5}
            metrics = answer_of(await client.call_tool("metrics", values))["metrics"]
            assert metrics["lr:all"]["values"][-1] == 0.05
        async with started() as client:
            assert "command" not in await names(client)
            assert answer_of(await client.call_tool("status"))["phase"] == "running"
        assert find_run("steered")


def test_the_configuration_in_the_documents_can_be_used():
    shown = [block for block in blocks("text") if block.page.name == "agents.md"]
    settings = [json.loads(block.text) for block in shown if block.text.startswith("{")]
    assert settings
    for setting in settings:
        server = setting["mcpServers"]["tuitrain"]
        assert server["command"] == "tuitrain"
        assert parse_arguments(server["args"]).action
