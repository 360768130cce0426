"""Commands of a viewer that wait for answers, also from a process that continues the run."""

from __future__ import annotations

from tuitrain.remote.client.sent_commands import SentCommands
from tuitrain.run.snapshot import JournalEntry


def entries(count: int) -> list[JournalEntry]:
    """Return answers to commands of the run's own screen."""
    return [JournalEntry(n, n, "lr fc 0.1", "key", "applied", "") for n in range(1, count + 1)]


def test_an_answer_among_the_first_entries_of_another_process_is_found() -> None:
    sent = SentCommands()
    sent.read_journal(entries(3))
    message = sent.add("lr fc 0.2", "key")
    answer = JournalEntry(message.ticket, 2, "lr fc 0.2", "key", "applied", "")
    sent.read_journal([answer, *entries(4)])
    assert sent.unanswered == []


def test_a_command_without_an_answer_is_kept() -> None:
    sent = SentCommands()
    message = sent.add("lr fc 0.2", "key")
    sent.read_journal(entries(5))
    assert sent.unanswered == [message]
