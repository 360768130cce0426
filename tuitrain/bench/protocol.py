"""The protocol between the benchmark and a peer's process: one JSON object per line, each way."""

from __future__ import annotations

from typing import Literal

import msgspec


class Cell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The work whose steps are timed.

    Attributes
    ----------
    work : "train": whole steps, from a batch to updated parameters; "adam": the update alone, of
        ``parameters`` parameters in ten square matrices
    network : see `networks.network_layers`
    optimizer : "sgd" (plain) or "adam"
    samples : size of the data set, which is repeated
    frozen : number of frozen layers, from the bottom; of a residual network, 1 is its body
    cached : whether what the frozen layers compute is kept, and the time is that of steps that read
        it
    groups : number of parameter groups, of about equal size
    """

    work: Literal["train", "adam"] = "train"
    network: str = "lenet"
    batch: int = 64
    optimizer: Literal["sgd", "adam"] = "sgd"
    samples: int = 16384
    frozen: int = 0
    cached: bool = False
    groups: int = 1
    parameters: int = 0


class TimingRequest(msgspec.Struct, frozen=True):
    """A request to time the steps of a cell.

    Attributes
    ----------
    seconds : approximate duration; 0: take one step, without a warm-up
    variants : maximum number of variants to try
    trying : seconds of trials after which no other variant is tried
    """

    cell: Cell
    seconds: float
    variants: int = 8
    trying: float = 12.0


class TimingReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A measured time, or why there is none.

    Attributes
    ----------
    seconds_per_step : the mean over ``steps`` steps
    variant : the fastest of the peer's variants
    peak_bytes : peak memory of the process; 0 if unknown
    problem : why there is no time; "" if there is one
    """

    seconds_per_step: float = 0.0
    steps: int = 0
    variant: str = ""
    peak_bytes: int = 0
    problem: str = ""
