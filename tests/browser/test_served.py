"""The flight deck in a real browser, which must be installed: ``make browser-test``."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.page import SECONDS, Page, browsing
from tests.remote.runs import ServedRun
from tests.remote.runs import served as live
from tests.serving import served
from tuitrain.commands import parse
from tuitrain.run.snapshot import Phase, Snapshot


async def test_the_flight_deck_works_in_a_browser(tmp_path):
    with served(tmp_path / "state", "--read-only") as (address, _):
        async with browsing(tmp_path / "profile") as page, asyncio.timeout(SECONDS):
            await page.open(address)
            await page.wait_until_shown("first flight", "groups", "RUNNING", "conv2.weight")
            await page.press("f")
            await page.wait_until_shown("read-only")
            drawn = await page.call("Page.captureScreenshot", format="png")
    picture = base64.b64decode(drawn["data"])
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 30_000  # an empty page takes about 5 000
    kept = os.environ.get("TUITRAIN_SCREENSHOT")
    if kept:
        Path(kept).write_bytes(picture)


@dataclass
class Watched:
    """A live run of this process, and a page that shows it."""

    made: ServedRun
    page: Page
    address: str

    async def until_run(self, condition: Callable[[Snapshot], bool]) -> Snapshot:
        """Wait for a snapshot of the run, while the page receives its output."""
        shown = await asyncio.to_thread(self.made.run.wait_for, condition, SECONDS)
        assert condition(shown)
        return shown


@asynccontextmanager
async def watched(folder: Path, *options: str) -> AsyncIterator[Watched]:
    with (
        live(folder / "run") as made,
        served(folder / "state", "--attach", made.id, *options) as (address, _),
    ):
        async with browsing(folder / "profile") as page, asyncio.timeout(SECONDS):
            await page.open(address)
            await page.wait_until_shown("fake run", "PAUSED")
            yield Watched(made, page, address)


async def test_a_live_run_is_steered_from_a_browser(tmp_path):
    async with watched(tmp_path) as seen:
        await seen.page.press("f")
        shown = await seen.until_run(lambda shown: len(shown.journal) == 1)
        assert shown.journal[0].command.startswith("freeze ")
        seen.made.run.submit(parse("step 40"))
        await seen.page.wait_until_shown("step 40")


async def test_a_page_that_is_loaded_again_shows_the_same_run(tmp_path):
    async with watched(tmp_path) as seen:
        seen.made.run.submit(parse("step 40"))
        await seen.until_run(lambda shown: shown.step == 40)
        await seen.page.open(seen.address)
        await seen.page.wait_until_shown("fake run", "PAUSED", "step 40")
        await seen.page.open("about:blank")
        assert seen.made.run.snapshot().phase is Phase.PAUSED


async def test_a_read_only_page_never_steers_a_live_run(tmp_path):
    async with watched(tmp_path, "--read-only") as seen:
        await seen.page.press("f")
        await seen.page.wait_until_shown("read-only")
        assert seen.made.engine.applied == []


async def test_a_page_says_that_the_run_has_ended(tmp_path):
    async with watched(tmp_path) as seen:
        seen.made.run.submit(parse("stop"))
        await seen.page.wait_until_shown("STOPPED")
