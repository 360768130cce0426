"""The server on the standard streams, with the package ``mcp``."""

from __future__ import annotations

import threading
import traceback
from contextlib import suppress
from functools import partial
from typing import Any, Final

import anyio
import anyio.from_thread
import anyio.to_thread
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    TextContent,
    Tool,
    ToolAnnotations,
)

from tuitrain import __version__
from tuitrain.errors import TuitrainError

from .answers import to_json
from .arguments import schema_of
from .calls import Caller
from .tools import ToolSpec, call_tool, offered_tools

MAX_CALLS: Final = 8
"""Calls that are answered at once; further ones wait."""

MAX_CLIENT_NAME: Final = 32
"""Maximum number of characters of a client's name, which is part of the viewer's name."""

INSTRUCTIONS: Final = (
    "tuitrain trains neural networks that can be watched and steered while they learn. Look at a "
    "run with status, groups, metrics and journal; wait for what you need instead of asking "
    "again and again. Steps count updates of the weights from 0."
)

STEERING: Final = (
    " With command you steer: give a reason each time, change one thing, and wait to see its "
    "effect before the next. 'rewind' takes the run back to an earlier step if a change did harm."
)


def serve(run: str, may_act: bool) -> None:
    """Serve a client on the standard streams until it leaves.

    Parameters
    ----------
    run : the only run that it may see; "" for all live runs
    may_act : whether it may change runs
    """
    anyio.run(partial(_serve, make_server(run, may_act)))


async def _serve(server: Server[Any]) -> None:
    async with stdio_server() as (read_stream, write_stream):
        await server.run(read_stream, write_stream, server.create_initialization_options())


def make_server(run: str, may_act: bool) -> Server[Any]:
    """Return a server; see `serve`."""
    tools = [_tool(spec, not run) for spec in offered_tools(run, may_act)]
    calls: list[anyio.CapacityLimiter] = []

    async def list_tools(context: Any, params: Any) -> ListToolsResult:
        del context, params
        return ListToolsResult(tools=tools)

    async def answer(context: Any, params: CallToolRequestParams) -> CallToolResult:
        if not calls:
            calls.append(anyio.CapacityLimiter(MAX_CALLS))  # needs the loop
        cancelled = threading.Event()
        report = partial(_report, context.session)
        caller = Caller(_client_name(context), run, may_act, cancelled.is_set, report)
        try:
            return await anyio.to_thread.run_sync(
                partial(_answer, caller, params.name, dict(params.arguments or {})),
                abandon_on_cancel=True,
                limiter=calls[0],
            )
        finally:
            cancelled.set()

    return Server(
        "tuitrain",
        version=__version__,
        title="tuitrain: training runs",
        instructions=INSTRUCTIONS + (STEERING if may_act else ""),
        on_list_tools=list_tools,
        on_call_tool=answer,
    )


def _tool(spec: ToolSpec, has_run: bool) -> Tool:
    return Tool(
        name=spec.name,
        title=spec.title,
        description=spec.description,
        input_schema=schema_of(spec.arguments, has_run),
        annotations=ToolAnnotations(
            read_only_hint=not spec.changes,
            destructive_hint=spec.changes,
            idempotent_hint=not spec.changes,
            open_world_hint=False,
        ),
    )


def _answer(caller: Caller, name: str, arguments: dict[str, Any]) -> CallToolResult:
    """Call a tool; a mistake, and a fault of ours, is an answer with one sentence."""
    try:
        value = call_tool(caller, name, arguments)
    except TuitrainError as error:
        return _failed(str(error))
    except Exception as error:
        traceback.print_exception(error)
        return _failed(f"tuitrain has a fault: {type(error).__name__}: {error}")
    text = TextContent(type="text", text=to_json(value))
    return CallToolResult(content=[text], structured_content=value)


def _failed(problem: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=problem)], is_error=True)


def _report(session: Any, passed: float, total: float, state: str) -> None:
    """Report the progress of a wait to the client, from the thread of a call."""
    with suppress(Exception):  # the client may have left, or given the call up
        anyio.from_thread.run(session.report_progress, passed, total, state)


def _client_name(context: Any) -> str:
    """Return the name of the client; "" if it has none."""
    params = getattr(context.session, "client_params", None)
    info = getattr(params, "client_info", None)
    return str(getattr(info, "name", "") or "")[:MAX_CLIENT_NAME]
