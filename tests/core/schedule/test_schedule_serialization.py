"""Schedules written as plain records, and read back strictly."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from tuitrain_core.errors import CoreError
from tuitrain_core.schedule import (
    Constant,
    Cosine,
    Exponential,
    Linear,
    LinearDecay,
    Milestones,
    OneCycle,
    WarmUp,
    from_record,
    to_record,
)

EVERY_KIND = {
    "constant": Constant(0.1),
    "linear-decay": LinearDecay(1 / 3, 3, 50, 7),
    "linear": Linear(0.1, 0.3, 3, 50),
    "cosine": Cosine(0.1, 1e-300, 3, 50, 7),
    "exponential": Exponential(0.1, 0.9, 3, 7),
    "milestones": Milestones(0.1, 0.5, (2, 5, 9), 3),
    "one-cycle": OneCycle(0.01, 0.1, 0.001, 3, 50, 0.25),
    "warm-up": WarmUp(WarmUp(Milestones(0.1, 0.5, (2,), 3), 0, 5), 3, 10),
}


@pytest.mark.parametrize(("kind", "schedule"), EVERY_KIND.items())
def test_a_round_trip_through_json_is_the_same_schedule(kind, schedule):
    record = to_record(schedule)
    assert record["kind"] == kind
    back = from_record(json.loads(json.dumps(record, allow_nan=False)))
    assert back == schedule
    assert type(back) is type(schedule)
    assert [back.lr(step) for step in range(500)] == [schedule.lr(step) for step in range(500)]


def test_a_record_is_flat_and_has_the_keys_of_the_file():
    assert to_record(Milestones(0.1, 0.5, (2, 5), 3)) == {
        "kind": "milestones",
        "start_lr": 0.1,
        "factor": 0.5,
        "at": [2, 5],
        "start_step": 3,
        "unit_steps": 1,
    }
    assert to_record(WarmUp(Constant(0.1), 3, 10)) == {
        "kind": "warm-up",
        "inner": {"kind": "constant", "value": 0.1},
        "start_step": 3,
        "over": 10,
    }


def test_a_field_with_a_default_may_be_left_out():
    plain = {"kind": "linear", "start_lr": 1, "end_lr": 0, "start_step": 0, "over": 5}
    assert from_record(plain) == Linear(1, 0, 0, 5, 1)


def test_reading_does_not_change_the_record():
    record = to_record(EVERY_KIND["warm-up"])
    kept = json.dumps(record)
    from_record(record)
    assert json.dumps(record) == kept


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (None, "a schedule's record is a dict, but was given NoneType"),
        ([], "but was given list"),
        ({}, r"needs 'kind', but has only \[\]"),
        ({"value": 0.1}, r"needs 'kind', but has only \['value'\]"),
        ({"kind": "cosin"}, "schedule 'cosin' is unknown; .* did you mean 'cosine'?"),
        ({"kind": ["cosine"]}, r"schedule \['cosine'\] is unknown"),
        ({"kind": "constant"}, "schedule 'constant': value is missing"),
        (
            {"kind": "constant", "valu": 1},
            r"'valu' is unknown; .* mean 'value'\?; value is missing",
        ),
        ({"kind": "constant", "value": 1, 3: 4}, "schedule 'constant': 3 is unknown"),
        ({"kind": "constant", "value": -1}, "schedule 'constant': lr must be a finite number"),
        ({"kind": "constant", "value": [1]}, r"lr must be a finite number, .* but is \[1\]"),
        ({"kind": "constant", "value": "1"}, "lr must be a finite number"),
        (
            {"kind": "warm-up", "inner": {"kind": "wave"}, "start_step": 0, "over": 1},
            "schedule 'warm-up': schedule 'wave' is unknown",
        ),
        (
            {"kind": "warm-up", "inner": 0.1, "start_step": 0, "over": 1},
            "schedule 'warm-up': a schedule's record is a dict, but was given float",
        ),
        (
            {"kind": "milestones", "start_lr": 1, "factor": 0.1, "at": 5, "start_step": 0},
            "schedule 'milestones': at must be a tuple",
        ),
    ],
)
def test_invalid_records_are_errors(record, message):
    with pytest.raises(CoreError, match=message):
        from_record(record)


def test_a_schedule_of_another_package_has_no_record():
    @dataclass(frozen=True)
    class Wave(Constant):
        pass

    with pytest.raises(CoreError, match="no record is known for a schedule of type Wave"):
        to_record(Wave(0.1))
