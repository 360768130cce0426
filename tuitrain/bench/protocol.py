"""What is said between the benchmark and a peer's process: one JSON object a line, each way."""

from __future__ import annotations

from typing import Literal

import msgspec


class Cell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of work whose steps are timed.

    Attributes
    ----------
    work : "train": whole steps, from a batch to updated parameters; "adam": the update alone, of
        ``parameters`` parameters in ten square matrices
    network : see `networks.network`
    optimizer : "sgd" (plain) or "adam"
    samples : in the data set, which is gone through again and again
    frozen : layers that are frozen, from the bottom
    groups : parameter groups, of about as many parameters each
    """

    work: Literal["train", "adam"] = "train"
    network: str = "lenet"
    batch: int = 64
    optimizer: Literal["sgd", "adam"] = "sgd"
    samples: int = 16384
    frozen: int = 0
    groups: int = 1
    parameters: int = 0


class Ask(msgspec.Struct, frozen=True):
    """Time the steps of a cell.

    Attributes
    ----------
    seconds : about how long; 0: take one step and answer, without a warm-up
    variants : how many ways of doing it are tried, at the most
    trying : once so many seconds have gone into trying ways, no other is tried
    """

    cell: Cell
    seconds: float
    variants: int = 8
    trying: float = 12.0


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found.

    Attributes
    ----------
    seconds_per_step : the mean over ``steps`` steps
    variant : which of its ways of doing it the peer found the fastest
    peak_bytes : the most memory that the process has held so far; 0 where that is not known
    problem : why there is no time; "" if there is one
    """

    seconds_per_step: float = 0.0
    steps: int = 0
    variant: str = ""
    peak_bytes: int = 0
    problem: str = ""
