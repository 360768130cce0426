"""The command palette's entries: suggested commands, the keys' actions, the vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.fuzzy import Matcher
from textual.types import IgnoreReturnCallbackType

from tuitrain.commands import VOCABULARY
from tuitrain.run.snapshot import Snapshot

from .framework.content import Content, literal
from .keys.keymap import key_table_of
from .screens.deck.flight_deck import FlightDeck

_MOVES = ("next_panel", "leave", "app.command_palette")
"""Actions that users do not search for."""


class RunCommands(Provider):
    """Offers commands and actions."""

    async def discover(self) -> Hits:
        """Offer all entries while nothing is typed."""
        for text, help_text, act in self.entries():
            yield DiscoveryHit(literal(text), act, text=text, help=_help(help_text))

    async def search(self, query: str) -> Hits:
        """Offer the entries that match."""
        matcher = self.matcher(query)
        for text, help_text, act in self.entries():
            if (score := matcher.match(text)) > 0:
                shown = _highlighted(matcher, text)
                yield Hit(score, shown, act, text=text, help=_help(help_text))

    def entries(self) -> Iterator[tuple[str, str, IgnoreReturnCallbackType]]:
        """Yield each entry: its text, its help, and its callback."""
        deck = self.screen
        if not isinstance(deck, FlightDeck):
            return
        if deck.snapshot is not None:
            for text in suggested_commands(deck.snapshot):
                yield text, f"send  :{text}", partial(deck.sender.submit_text, text, "palette")
        for key in key_table_of(deck.app):
            if key.action and key.action not in _MOVES:
                name = key.summary.rstrip(".")
                yield (
                    f"{name}  ({key.written})",
                    "what the key does",
                    partial(deck.run_action, key.action),
                )
        for verb in VOCABULARY:
            if verb.name == verb.usage.partition(" [")[0]:
                yield (
                    verb.name,
                    verb.summary,
                    partial(deck.sender.submit_text, verb.name, "palette"),
                )
            else:
                act = partial(deck.command_line.open, f"{verb.name} ")
                yield f"{verb.name} …", verb.summary, act


def _highlighted(matcher: Matcher, text: str) -> Content:
    """Return a string with the matched characters marked; Textual's highlighter parses markup."""
    content = literal(text)
    if content.plain == text:
        for offset in matcher.fuzzy_search.match(matcher.query, text)[1]:
            if not text[offset].isspace():
                content = content.stylize(matcher.match_style, offset, offset + 1)
    return content


def _help(text: str) -> str:
    """Return a help text as content: the palette parses a string as markup.

    It takes content too, although a hit's annotation says `str`.
    """
    return cast(str, literal(text))


def suggested_commands(snapshot: Snapshot) -> Iterator[str]:
    """Yield frequent commands: for each group, for all, and back in the history."""
    for group in snapshot.groups:
        name = group.name
        yield f"{'freeze' if group.frozen_since is None else 'thaw'} {name}"
        yield f"lr {name} x0.5"
        yield f"lr {name} x2"
        yield f"decay {name} over 10 epochs"
        yield f"schedule {name} cosine to 0 over 10 epochs"
        for choice in snapshot.optimizers:
            if choice.name != group.optimizer:
                yield f"optimizer {name} {choice.name}"
        if not snapshot.no_lr_sweep:
            yield f"try lr {name} x0.1, x1, x10 for 200 steps"
    yield from ("clip norm 1", "clip off")
    for text in snapshot.breakpoints:
        yield text.replace(" when", " off", 1)
    for rule in snapshot.rules:
        yield f"when off {rule.text.removeprefix('when ').partition(' do ')[0]}"
    if not snapshot.breakpoints:
        yield "break when nan"
    if snapshot.interventions and not snapshot.no_way_back:
        yield f"rewind {snapshot.interventions[-1].step}"
    for branch in snapshot.branches:
        yield f"branch {branch.name}"
