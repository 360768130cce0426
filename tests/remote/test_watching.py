"""Watching and steering a run over its socket."""

from __future__ import annotations

import struct
from pathlib import Path

import msgspec
import pytest

from tests.remote.runs import TIMEOUT, RawViewer, served, threads_of
from tuitrain.commands import parse
from tuitrain.engines.inspection import FailedInspection, InspectWeights
from tuitrain.errors import NoSuchRunError, TuitrainError
from tuitrain.remote.client.endpoint import Link, SocketEndpoint
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.local.find_run import find_run
from tuitrain.remote.local.live_runs import list_live_runs
from tuitrain.remote.server.connection import MAX_UNREAD
from tuitrain.remote.snapshots import SnapshotDecoder
from tuitrain.remote.wire.frames import make_frame
from tuitrain.remote.wire.messages import (
    Farewell,
    Ping,
    Pong,
    SnapshotMessage,
    Welcome,
    encode_message,
)
from tuitrain.run.snapshot import JournalEntry, Phase, Snapshot


def answer(source: RemoteSource, text: str, actor: str = "key") -> JournalEntry:
    """Send a command, and wait for its journal entry."""
    ticket = source.submit(parse(text), actor)

    def entries(snapshot: Snapshot) -> list[JournalEntry]:
        return [entry for entry in snapshot.journal if entry.ticket == ticket]

    (entry,) = entries(source.wait_for(lambda snapshot: bool(entries(snapshot)), TIMEOUT))
    return entry


def test_a_viewer_sees_the_snapshot_of_the_run(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        source = made.view()
        here, there = made.run.snapshot(), source.snapshot()
        assert (there.info, there.phase, there.step) == (here.info, Phase.PAUSED, 0)
        assert there.groups[0].name == "all"
        assert there.attachment is not None
        assert (there.attachment.pen, there.attachment.holds_pen) == ("laptop", True)


def test_a_command_of_a_viewer_is_applied_and_journalled(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        source = made.view()
        entry = answer(source, "freeze a")
        assert (entry.step, entry.command, entry.outcome) == (0, "freeze a", "applied")
        assert made.engine.applied == [(0, parse("freeze a"))]


def test_steps_arrive_with_their_losses(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        source = made.view()
        answer(source, "step 25")
        shown = source.wait_for(lambda snapshot: snapshot.step == 25, TIMEOUT)
        assert shown.loss.values.tolist() == [float(step) for step in range(1, 26)]
        answer(source, "step 5")
        shown = source.wait_for(lambda snapshot: snapshot.step == 30, TIMEOUT)
        assert shown.loss.steps.tolist() == list(range(1, 31))


def test_each_viewer_gets_the_inspection_that_it_has_requested(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        first, second = made.view("one"), made.view("two")
        first.inspect(InspectWeights("nothing"))
        shown = first.wait_for(lambda snapshot: snapshot.inspection is not None, TIMEOUT)
        assert isinstance(shown.inspection, FailedInspection)
        assert second.snapshot().inspection is None


def test_a_preview_is_answered(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        source = made.view()
        source.preview(parse("freeze all"))
        shown = source.wait_for(lambda snapshot: snapshot.preview is not None, TIMEOUT)
        assert shown.preview is not None
        assert shown.preview.ratios == (("all", 0.1, 0.2),)


def test_only_the_viewer_with_the_pen_steers(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        first, second = made.view("desk"), made.view("laptop")
        refused = answer(second, "freeze a")
        assert (refused.outcome, refused.message) == (
            "refused",
            "desk has the pen; take it first",
        )
        first.use_pen("release")
        second.wait_for(lambda shown: shown.attachment.pen == "", TIMEOUT)
        second.use_pen("take")
        second.wait_for(lambda shown: shown.attachment.holds_pen, TIMEOUT)
        assert answer(second, "freeze a").outcome == "applied"


def test_a_request_for_the_pen_reaches_its_holder(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        first, second = made.view("desk"), made.view("laptop")
        second.use_pen("take")
        shown = first.wait_for(lambda shown: shown.attachment.asked_by == "laptop", TIMEOUT)
        assert shown.attachment is not None
        assert shown.attachment.holds_pen
        first.use_pen("keep")
        second.wait_for(lambda shown: shown.attachment.asked_by == "", TIMEOUT)
        assert made.server.pen.view(1).holder == "desk"


def test_a_command_that_waits_is_cancelled_by_the_viewer_with_the_pen(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        first, second = made.view("desk"), made.view("laptop")
        ticket = first.submit(parse("freeze a"), "key", "later", at=500)
        shown = second.wait_for(lambda shown: bool(shown.scheduled), TIMEOUT)
        assert [(one.ticket, one.step, one.why) for one in shown.scheduled] == [
            (ticket, 500, "later")
        ]
        second.cancel(ticket, "key")
        shown = second.wait_for(lambda shown: bool(shown.journal), TIMEOUT)
        assert [(entry.command, entry.message) for entry in shown.journal] == [
            ("cancel freeze a", "desk has the pen; take it first")
        ]
        first.cancel(ticket, "key")
        shown = first.wait_for(lambda shown: bool(shown.journal), TIMEOUT)
        assert shown.scheduled == ()
        assert [(entry.ticket, entry.message) for entry in shown.journal] == [
            (ticket, "cancelled by key@desk")
        ]


def test_a_program_cancels_a_command_that_waits(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        with made.control() as client:
            sent = client.send("freeze a", "ctl", "", 500, TIMEOUT)
            assert sent.outcome == "scheduled"
        with made.control() as client:
            with pytest.raises(TuitrainError, match=f"no command with the id 7 .* have {sent.id}"):
                client.cancel(7, "ctl", TIMEOUT)
            reply = client.cancel(sent.id, "ctl", TIMEOUT)
        assert (reply.command, reply.outcome) == ("freeze a", "refused")
        assert reply.message == "cancelled by ctl@program"


def test_an_applied_command_is_not_cancelled_and_its_answer_is_given(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        with made.control() as client:
            sent = client.send("freeze a", "ctl", "", None, TIMEOUT)
        with made.control() as client:
            assert client.cancel(sent.id, "ctl", TIMEOUT) == sent
            with pytest.raises(TuitrainError, match="no command with the id 0 waits"):
                client.cancel(0, "ctl", TIMEOUT)


def test_an_answer_and_the_first_snapshot_come_before_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuitrain.remote.server.snapshot_pump.SNAPSHOTS_PER_SECOND", 1 / 600)
    with served(tmp_path) as made:
        first, _ = made.view("desk"), made.view("laptop")
        for number in range(3):
            answer(first, "freeze a")
            assert len(first.snapshot().journal) == number + 1
        with made.control() as client:
            assert client.send("thaw a", "ctl", "", None, TIMEOUT).outcome == "applied"


def test_a_question_is_answered_by_a_snapshot_that_is_built_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last one may be as old as the last viewer, and the next look is far away."""
    monkeypatch.setattr("tuitrain.remote.server.snapshot_pump.SNAPSHOTS_PER_SECOND", 1 / 600)
    monkeypatch.setattr("tuitrain.remote.control.client.FRESH_SECONDS", TIMEOUT)
    with served(tmp_path, paused=False) as run, run.control() as first:
        first.snapshot()
        for _ in range(3):
            before = run.engine.step
            with run.control() as client:
                assert client.snapshot().step >= before


def test_a_read_only_viewer_never_steers(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        source = made.view(read_only=True)
        assert answer(source, "freeze a").message == "this viewer is read-only"
        assert source.snapshot().attachment.pen == ""


def test_a_viewer_who_leaves_gives_the_pen_away_and_the_run_continues(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        first, second = made.view("desk"), made.view("laptop")
        first.close()
        second.wait_for(lambda shown: shown.attachment.viewers == 1, TIMEOUT)
        assert second.snapshot().attachment.pen == ""
        assert made.run.alive


def test_the_end_of_the_run_is_shown_to_its_viewers(tmp_path: Path) -> None:
    with served(tmp_path, total=20, paused=False) as made:
        source = made.view()
        made.run.join(TIMEOUT)
        made.server.close()
        shown = source.wait_for(lambda _: False, TIMEOUT)
        assert (shown.phase, shown.step) == (Phase.FINISHED, 20)
        assert str(source.error) == "the run has ended"


def test_a_viewer_that_draws_slowly_is_sent_the_last_snapshot(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        slow = RawViewer(made.id)
        slow.greet()
        other = made.view(read_only=True)
        for step in (5, 10, 15):  # more looks than a viewer is sent that has drawn none
            made.run.submit(parse("step 5"))
            other.wait_for(lambda shown, step=step: shown.step == step, TIMEOUT)
        made.server.close()
        replies = slow.read_until_end()
        slow.close()
    snapshots = [reply.data for reply in replies if isinstance(reply, SnapshotMessage)]
    assert len(snapshots) <= MAX_UNREAD + 1
    decoder = SnapshotDecoder()
    assert [decoder.decode(data).step for data in snapshots][-1] == 15
    assert isinstance(replies[-1], Farewell)


def test_a_run_that_has_ended_makes_no_screen_late(tmp_path: Path) -> None:
    now = [0.0]
    with served(tmp_path, total=20, paused=False) as made:
        endpoint = SocketEndpoint(find_run(made.id))
        source = RemoteSource(endpoint, "laptop", clock=lambda: now[0]).start()
        made.closing.callback(source.close)
        source.wait_for(lambda _: source.received > 0, TIMEOUT)
        made.run.join(TIMEOUT)
        made.server.close()
        source.wait_for(lambda _: False, TIMEOUT)
        now[0] = 100.0
        attachment = source.snapshot().attachment
        assert attachment is not None
        assert (attachment.delay, attachment.problem) == (None, "the run has ended")


def test_a_viewer_returns_by_itself_and_sends_its_command_once(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        source = made.view()
        made.server.disconnect_all()
        entry = answer(source, "freeze a")
        assert entry.outcome == "applied"
        assert len(made.engine.applied) == 1


def test_a_run_is_listed_with_its_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuitrain.remote.local.live_runs.STATUS_SECONDS", TIMEOUT)
    with served(tmp_path) as made:
        made.view()
        (row,) = list_live_runs()
        assert row.status is not None
        assert (row.facts.run, row.status.phase, row.status.viewers) == ("fake run", "paused", 1)


def test_a_run_that_has_ended_is_no_more_found(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        endpoint = SocketEndpoint(find_run(made.id))
    source = RemoteSource(endpoint, "late").start()
    source.wait_for(lambda _: False, TIMEOUT)
    assert isinstance(source.error, NoSuchRunError)
    source.close()


BAD_BYTES = {
    "garbage": (b"GET / HTTP/1.1\r\n\r\n", "a frame has a length of 1195725856 bytes"),
    "a huge frame": (struct.pack(">I", 2**32 - 1), "a frame has a length of 4294967295 bytes"),
    "an empty frame": (struct.pack(">I", 0), "a frame has a length of 0 bytes"),
    "no message": (make_frame(b"\xc1"), "a message cannot be read"),
    "an unknown message": (make_frame(msgspec.msgpack.encode({"type": "x"})), "Invalid value 'x'"),
    "another first message": (make_frame(encode_message(Ping(1))), "the first message is Ping"),
}


@pytest.mark.parametrize("case", BAD_BYTES)
def test_bad_bytes_are_one_line_in_the_log_and_the_run_goes_on(case: str, tmp_path: Path) -> None:
    data, reason = BAD_BYTES[case]
    with served(tmp_path) as made:
        raw = RawViewer(made.id)
        raw.send(data)
        farewell = raw.read_until_end()[-1]
        assert isinstance(farewell, Farewell)
        assert reason in farewell.reason
        raw.close()
        assert [line for line in made.log if reason in line] == made.log
        assert len(made.log) == 1
        assert answer(made.view(), "freeze a").outcome == "applied"


def test_another_version_of_the_protocol_is_refused(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        raw = RawViewer(made.id)
        raw.greet(version=99)
        farewell = raw.read_until_end()[-1]
        assert isinstance(farewell, Farewell)
        assert farewell.reason.startswith("the viewer speaks version 99 of the protocol")
        raw.close()


def test_a_viewer_that_is_cut_off_inside_a_frame_costs_one_line(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        raw = RawViewer(made.id)
        raw.greet()
        assert isinstance(raw.read(Welcome), Welcome)
        raw.send(b"\0\0\0\5ab")
        raw.close()
        other = made.view()
        other.wait_for(lambda shown: shown.attachment.viewers == 1, TIMEOUT)
        assert [line for line in made.log if "inside a frame" in line] == made.log


def test_a_viewer_that_reads_nothing_does_not_stop_the_others(tmp_path: Path) -> None:
    with served(tmp_path, paused=False) as made:
        raw = RawViewer(made.id)
        raw.greet()
        source = made.view(read_only=True)
        step = source.snapshot().step
        source.wait_for(lambda shown: shown.step > step, TIMEOUT)
        raw.close()


def test_a_flood_of_messages_is_answered_slowly(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        raw = RawViewer(made.id)
        raw.greet()
        raw.send(b"".join(make_frame(encode_message(Ping(number))) for number in range(500)))
        assert isinstance(raw.read(Pong), Pong)
        assert answer(made.view("other", read_only=True), "freeze a").outcome == "refused"
        raw.close()


def test_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(tmp_path) as made:
        monkeypatch.setattr("tuitrain.remote.server.run_server.peer_uid", lambda _: 12345)
        raw = RawViewer(made.id)
        farewell = raw.read_until_end()[-1]
        assert isinstance(farewell, Farewell)
        assert "user 12345 may not watch a run of user" in farewell.reason
        raw.close()


def test_a_program_knows_who_has_the_pen(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        made.view("desk")
        with made.control() as client:
            attachment = client.snapshot().attachment
            assert attachment is not None
            assert (attachment.pen, attachment.viewers) == ("desk", 1)


class MortalEndpoint(SocketEndpoint):
    """A run whose process is gone after the first connection."""

    connections = 0

    async def connect(self) -> Link:
        self.connections += 1
        if self.connections > 1:
            raise NoSuchRunError("the run fake run is no longer live")
        return await super().connect()


def test_a_run_whose_process_was_killed_is_lost(tmp_path: Path) -> None:
    with served(tmp_path) as made:
        source = RemoteSource(MortalEndpoint(find_run(made.id)), "laptop").start()
        made.closing.callback(source.close)
        source.wait_for(lambda shown: shown.phase is Phase.PAUSED, TIMEOUT)
        made.server.disconnect_all()
        shown = source.wait_for(lambda shown: shown.phase.ended, TIMEOUT)
        assert (shown.phase, shown.step) == (Phase.LOST, made.run.snapshot().step)
        assert shown.attachment is not None
        assert shown.attachment.problem == "the run fake run is no longer live"


def test_services_that_end_one_after_another_lose_nothing(tmp_path: Path) -> None:
    for index in range(20):
        with served(tmp_path / str(index)) as made:
            assert threads_of("tuitrain-remote") == 1
        assert made.log == []
    assert threads_of("tuitrain-remote") == 0
