"""The keys and the mouse on the charts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from textual.events import MouseScrollUp

from tests.app.fake import TITLE, FakeSource, running
from tuitrain.app.widgets.tables.journal import Journal
from tuitrain.metric_info import ACCURACY, MetricInfo
from tuitrain.run.snapshot import Series, Snapshot


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


def reporting(infos=(ACCURACY,), **metrics: float) -> Snapshot:
    """Return a run of a script that has reported one value of each of these metrics."""
    info = replace(TITLE, metrics=infos, reports_metrics=True)
    one = np.array([10])
    return running(
        info=info, metrics={name: Series(one, np.array([value])) for name, value in metrics.items()}
    )


def shown_charts(person) -> list[str]:
    return [chart.metric.name for chart in person.deck.visible_charts]


@pytest.mark.parametrize("size", [(200, 60), (120, 36), (80, 24)])
async def test_a_metric_that_a_script_does_not_report_takes_no_room(opened, size):
    async with opened(FakeSource(reporting()), size) as person:
        assert "accuracy" not in shown_charts(person)
        person.source.shown = replace(reporting(accuracy=0.5), version=20)
        await person.look()
        assert "accuracy" in shown_charts(person)
        person.source.shown = replace(reporting(), version=30)  # after a rewind
        await person.look()
        assert "accuracy" in shown_charts(person)


async def test_the_metric_that_a_script_reports_has_the_second_chart(opened):
    infos = (ACCURACY, MetricInfo("f1"))
    async with opened(FakeSource(reporting(infos, f1=0.4))) as person:
        assert shown_charts(person) == ["loss", "f1"]


async def test_the_second_chart_shows_the_loss_beside_a_metric_without_values(opened):
    async with opened(FakeSource(reporting())) as person:
        await person.press("left_square_bracket")
        assert shown_charts(person) == ["accuracy", "loss"]


@pytest.mark.parametrize("size", [(60, 20), (80, 20), (60, 24)])
async def test_a_small_terminal_shows_one_chart(opened, size):
    async with opened(size=size) as person:
        assert shown_charts(person) == ["loss"]
        (chart,) = person.deck.visible_charts
        assert chart.room.height >= 4
        assert chart.room.width == size[0] - 4


async def test_a_low_terminal_shows_the_journal_in_place_of_the_chart(opened):
    async with opened(size=(60, 20)) as person:
        await person.press("tab")
        assert isinstance(person.app.focused, Journal)
        assert shown_charts(person) == []


async def test_a_narrow_and_high_terminal_shows_charts_above_each_other(opened):
    async with opened(size=(60, 36)) as person:
        assert {chart.room.width for chart in person.deck.visible_charts} == {56}
