"""Answers to the requests of several viewers, within a share of the training's time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

_Request = TypeVar("_Request", bound=Hashable)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[_Answer]):
    answer: _Answer
    due: float
    moment: Hashable


class SharedAnswers(Generic[_Request, _Answer]):
    """Answers equal requests once, and renews the answers in turn.

    After an answer, none is renewed for ``ratio`` times its duration. A new
    request is answered at once, unless new requests are ahead of that share by ``max_debt``.

    Parameters
    ----------
    clock : returns a monotonic time in seconds
    ratio : the time left to the training after an answer, as a multiple of its duration
    max_debt : seconds of training that answers to new requests may be ahead of ``ratio``
    min_gap : minimum seconds between two renewed answers
    """

    def __init__(
        self, clock: Callable[[], float], ratio: float, max_debt: float, min_gap: float = 0.0
    ) -> None:
        self._clock = clock
        self._ratio = ratio
        self._max_debt = max_debt
        self._min_gap = min_gap
        self._kept: dict[_Request, _Kept[_Answer]] = {}
        self._free_at = float("-inf")
        self._renewed_at = float("-inf")

    def get(self, request: _Request) -> _Answer | None:
        """Return the answer to a request, or None if there is none yet."""
        kept = self._kept.get(request)
        return None if kept is None else kept.answer

    def update(
        self,
        requests: Iterable[_Request],
        call: Callable[[_Request], _Answer],
        seconds: Callable[[_Request], float],
        moment: Hashable = None,
        is_paused: bool = False,
        renew: bool = False,
    ) -> None:
        """Answer the present requests as far as the share allows; forget all others.

        Parameters
        ----------
        requests : in the order in which new ones are answered
        call : makes an answer
        seconds : minimum seconds between two answers to a request
        moment : changes with the state of a paused run
        is_paused : whether no training waits: every request is answered once for each moment,
            however long it takes
        renew : whether to renew the oldest answer now, even if it is not due
        """
        present = list(dict.fromkeys(requests))
        self._kept = {key: self._kept[key] for key in present if key in self._kept}
        known = sorted(self._kept, key=lambda key: self._kept[key].due)
        for request in present:
            is_new = request not in self._kept
            if is_new and (is_paused or self._free_at - self._clock() <= self._max_debt):
                self._make(request, call, seconds, moment, is_paused)
        for request in known:
            kept = self._kept[request]
            is_due = kept.moment != moment if is_paused else renew or self._may_renew(kept.due)
            if is_due:
                renew, self._renewed_at = False, self._clock()
                self._make(request, call, seconds, moment, is_paused)

    def _may_renew(self, due: float) -> bool:
        now = self._clock()
        return now >= due and now >= self._free_at and now - self._renewed_at >= self._min_gap

    def _make(
        self,
        request: _Request,
        call: Callable[[_Request], _Answer],
        seconds: Callable[[_Request], float],
        moment: Hashable,
        is_paused: bool,
    ) -> None:
        start = self._clock()
        answer = call(request)
        end = self._clock()
        rest = self._ratio * (end - start)
        if not is_paused:
            self._free_at = max(self._free_at, start) + (end - start) + rest
        self._kept[request] = _Kept(answer, end + max(seconds(request), rest), moment)
