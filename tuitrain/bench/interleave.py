"""Rounds: everyone is measured once before anyone is measured again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .results import Trials


class NotMeasuredError(Exception):
    """A contender that could not be measured; the text says why."""


SETTLE_SECONDS = 0.1
"""Between two turns: idle threads of the one before turn round in circles for some 25 ms."""

Measure = Callable[[], "tuple[float, str]"]
"""Measure a contender once: the value, and how it did it."""


def interleaved(
    contenders: Mapping[str, Measure],
    rounds: int,
    tell: Callable[[str], None] = lambda _: None,
    rest: Callable[[float], None] = lambda _: None,
) -> dict[str, Trials]:
    """Measure contenders in turns.

    Parameters
    ----------
    contenders : how each is measured, in the order of their turns; one that raises
        `NotMeasuredError` is left out of the rounds that follow
    tell : is told whose turn it is
    rest : waits for so many seconds, before each turn

    Returns
    -------
    What came of each, by name, in the same order.
    """
    values: dict[str, list[float]] = {name: [] for name in contenders}
    variants: dict[str, str] = {}
    problems: dict[str, str] = {}
    for number in range(1, rounds + 1):
        for name, measure in contenders.items():
            if name in problems:
                continue
            tell(f"{name}, round {number} of {rounds}")
            rest(SETTLE_SECONDS)
            try:
                value, variants[name] = measure()
            except NotMeasuredError as failure:
                problems[name] = str(failure)
            else:
                values[name].append(value)
    return {
        name: Trials(
            values=tuple(values[name]),
            variant=variants.get(name, ""),
            problem=problems.get(name, ""),
        )
        for name in contenders
    }
