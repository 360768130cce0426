"""The checkpoint policy: how often a run saves states, digests and checkpoints, in steps.

Steps and not seconds, so that a record is the same on every machine. A step of one sample may take
20 µs, and one of 256 samples a millisecond; the intervals count samples, so saving costs a few
percent at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

SAMPLES_PER_STATE: Final = 6400
"""Samples between two cached states of a scenario's run."""

MIN_GROUP_SAMPLES: Final = 64
"""Minimum number of samples of the groups' metrics, for logs, each time that the steps double. The
first ones are one step apart; a million steps have about 1 500."""

LOOP_CHECKPOINT_STEPS: Final = 1000
"""Maximum number of steps between checkpoints of a loop in PyTorch, whose step takes a millisecond
or more, and whose batches may have any size."""


@dataclass(frozen=True, slots=True)
class CheckpointPolicy:
    """Steps between one saved value and the next.

    Attributes
    ----------
    cache_every : steps between cached states, before they are thinned out: a rewind retrains at
        most this many
    digest_every : steps between digests in the record
    checkpoint_every : steps between checkpoints in the record: a resume retrains at most this many
    samples_groups : whether the metrics of groups are recorded at more steps, for logs
    """

    cache_every: int = 50
    digest_every: int = 100
    checkpoint_every: int = 500
    samples_groups: bool = False

    @staticmethod
    def for_batch_size(batch_size: int) -> CheckpointPolicy:
        """Return the policy for steps of ``batch_size`` samples."""
        cache_every = max(50, SAMPLES_PER_STATE // batch_size)
        return CheckpointPolicy(cache_every, 2 * cache_every, 20 * cache_every)

    def for_loop(self) -> CheckpointPolicy:
        """Return the policy of a loop in PyTorch that can be resumed."""
        return replace(self, checkpoint_every=min(self.checkpoint_every, LOOP_CHECKPOINT_STEPS))

    def for_logs(self, has_logs: bool) -> CheckpointPolicy:
        """Return the policy of a run with or without logs."""
        return replace(self, samples_groups=has_logs)


DEFAULT_POLICY: Final = CheckpointPolicy()


def next_group_sample(step: int) -> int:
    """Return the next step at which the metrics of groups are sampled for logs."""
    stride = 1 << max(0, step.bit_length() - MIN_GROUP_SAMPLES.bit_length())
    return (step // stride + 1) * stride
