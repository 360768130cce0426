"""A script in the deck, which keys leave where its plan has paused it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tuitrain.app.app import TuitrainApp
from tuitrain.app.framework import runner
from tuitrain.app.launch import detaching
from tuitrain.app.launch.scripts import open_script
from tuitrain.remote.local.live_entry import RunFacts
from tuitrain.run.snapshot import Phase


def leave(
    script: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *keys: str
) -> tuple[list[list[str]], str]:
    """Open the deck on a script, and leave it with keys at its first pause.

    Returns
    -------
    The arguments of the processes that would be started, and the text of the dialog after ``q``
    """
    started: list[list[str]] = []
    texts: list[str] = []

    def start(words: list[str], folder: Path, _: object) -> RunFacts:
        started.append(words)
        return RunFacts("0123abcd", "train", str(folder), 1)

    async def drive(app: TuitrainApp) -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            while app.source.snapshot().phase is not Phase.PAUSED:
                await pilot.pause()
            app.poll()
            await pilot.press("escape", "q")
            texts.append(" ".join(str(item.render()) for item in app.screen.query("Static")))
            await pilot.press(*keys)
            while app.is_running:
                await pilot.pause()

    monkeypatch.setattr(detaching, "start_detached", start)
    monkeypatch.setattr(runner, "run_app", lambda app: asyncio.run(drive(app)))
    open_script(script, [], folder)
    return started, " ".join(texts[0].split())
