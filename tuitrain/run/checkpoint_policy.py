"""The cadence: how often a run looks after itself, in steps.

Steps, never seconds: a record is the same on every machine. But a step of one sample may take
20 µs, and one of 256 samples a millisecond; so it is samples that count, and what is kept costs a
few percent at most.
"""

from __future__ import annotations

from dataclasses import dataclass

SAMPLES_PER_STATE = 6400
"""Samples between two kept states of a scenario's run."""


@dataclass(frozen=True, slots=True)
class CheckpointPolicy:
    """Steps between one and the next.

    Attributes
    ----------
    keep : states in memory, before they are thinned: a rewind trains at most so many steps again
    digest : digests in the record
    checkpoint : checkpoints in the record, a multiple of ``keep``: a resume trains at most so many
        steps again
    """

    cache_every: int = 50
    digest_every: int = 100
    checkpoint_every: int = 500

    @staticmethod
    def for_batch_size(batch_size: int) -> CheckpointPolicy:
        """Return the cadence for steps of so many samples."""
        keep = max(50, SAMPLES_PER_STATE // batch_size)
        return CheckpointPolicy(keep, 2 * keep, 20 * keep)


DEFAULT_POLICY = CheckpointPolicy()
