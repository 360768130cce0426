"""Measurement in rounds: every contender once before any of them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .results import Trials


class NotMeasuredError(Exception):
    """A contender could not be measured; the text says why."""


SETTLE_SECONDS = 0.1
"""Pause before a turn: idle threads of the previous process spin for some 25 ms."""

Measure = Callable[[], "tuple[float, str]"]
"""Measure a contender once: return the value and the name of the variant."""


def interleave(
    contenders: Mapping[str, Measure],
    rounds: int,
    on_turn: Callable[[str], None] = lambda _: None,
    settle: Callable[[float], None] = lambda _: None,
) -> dict[str, Trials]:
    """Measure contenders in turns.

    Parameters
    ----------
    contenders : the measuring functions by name, in the order of their turns; one that raises
        `NotMeasuredError` is skipped in later rounds
    on_turn : called before each turn with a label: contender and round
    settle : called before each turn with the seconds to wait

    Returns
    -------
    The trials by name, in the same order.
    """
    values: dict[str, list[float]] = {name: [] for name in contenders}
    variants: dict[str, str] = {}
    problems: dict[str, str] = {}
    for number in range(1, rounds + 1):
        for name, measure in contenders.items():
            if name in problems:
                continue
            on_turn(f"{name}, round {number} of {rounds}")
            settle(SETTLE_SECONDS)
            try:
                value, variants[name] = measure()
            except NotMeasuredError as error:
                problems[name] = str(error)
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
