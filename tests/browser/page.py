"""A page of a headless Chromium, driven over its debugging protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

SECONDS = 120


class Page:
    """A page of a browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._calls = 0
        self.shown = ""
        """The output of the app in the page's terminal."""

    async def call(self, method: str, **params: object) -> dict:
        self._calls += 1
        number = self._calls
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message = await self._next()
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    async def press(self, letter: str) -> None:
        """Press a letter in the input field of the page's terminal."""
        await self.call("Runtime.evaluate", expression="document.querySelector('textarea').focus()")
        key = {
            "key": letter,
            "code": f"Key{letter.upper()}",
            "windowsVirtualKeyCode": ord(letter.upper()),
        }
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=letter, **key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    async def open(self, address: str) -> None:
        """Open an address; what was shown before is forgotten."""
        await self.call("Network.enable")
        await self.call("Page.enable")
        self.shown = ""
        await self.call("Page.navigate", url=address)

    async def wait_until_shown(self, *texts: str) -> None:
        while not all(text in self.shown for text in texts):
            await self._next()

    async def _next(self) -> dict:
        message = json.loads((await self._socket.receive()).data)
        if message.get("method") == "Network.webSocketFrameReceived":
            frame = message["params"]["response"]
            binary = frame["opcode"] == 2
            payload = frame["payloadData"]
            self.shown += base64.b64decode(payload).decode() if binary else payload
        return message


@asynccontextmanager
async def browsing(profile: Path) -> AsyncIterator[Page]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium is not None, "install chromium: make browser-test drives it"
    browser = subprocess.Popen(
        [
            chromium,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--window-size=1280,800",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "about:blank",
        ],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert browser.stderr is not None
        output = next(line for line in browser.stderr if "DevTools listening on" in line)
        host = output.partition("ws://")[2].partition("/")[0]
        async with aiohttp.ClientSession() as session:
            pages = await (await session.get(f"http://{host}/json")).json()
            page = next(item for item in pages if item["type"] == "page")
            address = page["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        os.killpg(browser.pid, signal.SIGKILL)
        browser.communicate()
