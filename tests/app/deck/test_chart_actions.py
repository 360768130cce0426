"""The keys and the mouse on the charts."""

from __future__ import annotations

import pytest
from textual.events import MouseScrollUp

from tests.app.fake import FakeSource, running


def chart(person, place: str = "loss"):
    return person.deck.query_one(f"#{place}")


async def test_a_key_cycles_through_the_charts_without_duplicates(opened):
    async with opened(size=(200, 60)) as person:
        seen = []
        for _ in range(5):
            await person.press("]")
            every = [chart(person, item).border_title for item in ("loss", "accuracy", "third")]
            every.append(chart(person, "fourth").border_title)
            assert len(set(every)) == 4
            seen.append(every[0])
        assert seen == ["lr", "|grad|", "|Δw|/|w|", "accuracy", "loss"]
        await person.press("[")
        assert chart(person).border_title == "accuracy"


async def test_charts_zoom_pan_and_reset(opened):
    async with opened() as person:
        await person.press("shift+left")
        assert "the charts show the whole run" in person.status
        await person.press("+", "+", "shift+left")
        assert person.deck.chart_view.window(1204) == (827.75, 1128.75)
        await person.press("0")
        assert person.deck.chart_view.window(1204) == (0, 1204)
        assert person.sent == []


async def test_the_wheel_zooms_at_the_pointer_and_a_click_reads_values(opened):
    async with opened() as person:
        region = chart(person).content_region
        where = {"offset": (region.width + 1, 4)}
        await person.pilot.click("#loss", **where)
        assert person.deck.chart_view.cursor == pytest.approx(1204, abs=60)
        await person.press("x")
        await person.pilot._post_mouse_events([MouseScrollUp], widget="#loss", **where)
        await person.look()
        assert person.deck.chart_view.span == pytest.approx(1204 * 0.8)


async def test_means_and_logarithmic_axes_apply_to_all_charts(opened):
    async with opened() as person:
        await person.press("a", "y")
        assert chart(person).border_title == "loss (log, mean of 50)"
        assert chart(person, "accuracy").border_title == "accuracy"


async def test_charts_follow_the_run_until_they_are_moved(opened):
    async with opened() as person:
        await person.press("+")
        person.source.show(step=2000, loss=running(2000).loss)
        await person.look()
        assert " 2 000" in chart(person).rendered_rows[-1]


async def test_chart_settings_survive_a_restarted_run(opened):
    async with opened(FakeSource(running())) as person:
        await person.press("+", "+", "x")
        person.source.show(step=3, loss=running(3).loss)
        await person.look()
        assert chart(person).rendered_text()
