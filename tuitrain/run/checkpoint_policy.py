"""The checkpoint policy: how often a run saves states, digests and checkpoints, in steps.

Steps and not seconds, so that a record is the same on every machine. A step of one sample may take
20 µs, and one of 256 samples a millisecond; the intervals count samples, so saving costs a few
percent at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SAMPLES_PER_STATE: Final = 6400
"""Samples between two cached states of a scenario's run."""


@dataclass(frozen=True, slots=True)
class CheckpointPolicy:
    """Steps between one saved value and the next.

    Attributes
    ----------
    cache_every : steps between cached states, before they are thinned out: the most steps that a
        rewind retrains
    digest_every : steps between digests in the record
    checkpoint_every : steps between checkpoints in the record, a multiple of ``cache_every``: the
        most steps that a resume retrains
    """

    cache_every: int = 50
    digest_every: int = 100
    checkpoint_every: int = 500

    @staticmethod
    def for_batch_size(batch_size: int) -> CheckpointPolicy:
        """Return the policy for steps of ``batch_size`` samples."""
        cache_every = max(50, SAMPLES_PER_STATE // batch_size)
        return CheckpointPolicy(cache_every, 2 * cache_every, 20 * cache_every)


DEFAULT_POLICY: Final = CheckpointPolicy()
