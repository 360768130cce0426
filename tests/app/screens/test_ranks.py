"""The table of ranks."""

from __future__ import annotations

from tests.app.fake import FakeSource, running
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.renderables.tables.ranks import (
    ONE_PROCESS,
    STARTING,
    rank_rows,
    ranks_summary,
    slowest_rank,
)
from tuitrain.app.screens.ranks import RanksScreen
from tuitrain.app.widgets.tables.ranks import RanksView
from tuitrain.engines.views import RankView
from tuitrain.run.snapshot import Phase


def ranks(*own: float, agrees: bool | None = True) -> tuple[RankView, ...]:
    return tuple(RankView(rank, "node", 0.01, seconds, agrees) for rank, seconds in enumerate(own))


def test_the_slowest_rank_is_the_one_that_the_others_wait_for():
    assert slowest_rank(ranks(0.004, 0.009, 0.004)) == 1
    assert slowest_rank(ranks(0.004, 0.0045)) is None
    assert slowest_rank(ranks(0.004)) is None
    assert slowest_rank(()) is None


def test_the_summary_names_ranks_with_other_weights():
    same = ranks(0.004, 0.009)
    assert ranks_summary(same) == (
        "2 ranks · the others wait for rank 1 · ✓ the same weights on all"
    )
    other = (same[0], RankView(1, "node", 0.01, 0.004, False))
    assert ranks_summary(other) == "2 ranks · ✗ other weights than rank 0: 1"
    assert ranks_summary(ranks(0.1, 0.1, agrees=None)).endswith("each has a part of the weights")
    assert ranks_summary(()) == ""


def test_rows_have_the_times_of_each_rank():
    header, first, second = map(plain_text, rank_rows(ranks(0.004, 0.009)))
    assert header.split() == ["rank", "host", "step", "own", "part", "weights"]
    assert first.split() == ["0", "node", "10", "ms", "4", "ms", "✓"]
    assert second.split() == ["1", "node", "10", "ms", "9", "ms", "✓", "slowest"]
    assert plain_text(rank_rows(())[0]) == ONE_PROCESS


def test_ranks_are_listed_before_their_first_reports():
    views = tuple(map(RankView, range(2)))
    _, *rows = map(plain_text, rank_rows(views))
    assert [row.split() for row in rows] == [[rank, "not", "reported", "yet"] for rank in "01"]
    assert ranks_summary(views) == (
        "2 ranks · their first reports come after about a second of training"
    )


async def test_the_screen_follows_the_reports(opened):
    source = FakeSource(running(ranks=ranks(0.004, 0.009)))
    async with opened(source) as person:
        await person.press("M")
        assert isinstance(person.app.screen, RanksScreen)
        rows = person.app.screen.query_one(RanksView).rendered_rows
        assert "slowest" in rows[2]
        await person.press("escape")
        assert person.app.screen is person.deck


async def test_a_training_in_one_process_has_no_table(opened):
    async with opened() as person:
        await person.press("M")
        assert person.app.screen is person.deck
        assert person.status == ONE_PROCESS


async def test_a_run_that_is_starting_has_no_table_yet(opened):
    async with opened(FakeSource(running(phase=Phase.STARTING))) as person:
        await person.press("M")
        assert person.status == STARTING
