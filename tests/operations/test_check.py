"""Limits: where they begin, how they are set and written."""

from __future__ import annotations

from dataclasses import fields

import pytest

from console.errors import UsageError
from console.operations.check import Limit, Status, Thresholds, Unit, judged, written


@pytest.mark.parametrize(
    ("limit", "value", "status"),
    [
        (Limit(0.8, 0.95), 0.7999, "ok"),
        (Limit(0.8, 0.95), 0.8, "warn"),
        (Limit(0.8, 0.95), 0.95, "fail"),
        (Limit(0.9, 0.5, below=True), 0.91, "ok"),
        (Limit(0.9, 0.5, below=True), 0.9, "warn"),
        (Limit(0.9, 0.5, below=True), 0.5, "fail"),
        (Limit(None, 1), 0, "ok"),
        (Limit(None, 1), 1, "fail"),
        (Limit(1, None), 1e9, "warn"),
        (Limit(None, None), 1e9, "ok"),
    ],
)
def test_a_limit_belongs_to_what_is_beyond_it(limit: Limit, value: float, status: str) -> None:
    assert limit.judge(value) == status


def test_a_limit_is_written_beside_the_value() -> None:
    assert str(Limit(0.8, 0.95, Unit.RATIO)) == "warn from 80 %, fail from 95 %"
    assert str(Limit(0.9, None, Unit.RATIO, below=True)) == "warn down to 90 %"
    assert str(Limit(None, None)) == "no limit"
    check = judged("wal", Limit(2, 5, Unit.RATIO), 3.0, "much")
    assert (check.status, check.amount) == (Status.WARN, "300 %")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.997, Unit.RATIO, "99.7 %"),
        (12.5, Unit.RATIO, "1,250 %"),
        (0.0, Unit.SECONDS, "0 ms"),
        (0.35, Unit.SECONDS, "350 ms"),
        (12.4, Unit.SECONDS, "12 s"),
        (150, Unit.SECONDS, "2.5 min"),
        (3 * 86400, Unit.SECONDS, "3 d"),
        (1023, Unit.BYTES, "1023 B"),
        (1024, Unit.BYTES, "1 kB"),
        (1023 * 1024, Unit.BYTES, "1,023 kB"),
        (5.25 * 2**30, Unit.BYTES, "5.2 GB"),
        (3 * 2**40, Unit.BYTES, "3 TB"),
        (12345, Unit.COUNT, "12,345"),
    ],
)
def test_a_value_is_written_in_the_unit_that_fits(value: float, unit: Unit, text: str) -> None:
    assert written(value, unit) == text


def test_limits_are_set_by_name() -> None:
    limits = Thresholds().with_limit("blocking", "0.5,-").with_limit("connections", "-,0.5")
    assert (limits.blocking.warn, limits.blocking.fail) == (0.5, None)
    assert (limits.connections.warn, limits.connections.fail) == (None, 0.5)
    assert limits.connections.unit is Unit.RATIO
    assert Thresholds().blocking.fail == 30, "the others are as they were"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nonsense", "1,2"),
        ("with_limit", "1,2"),
        ("wal", "1"),
        ("wal", "1,2,3"),
        ("wal", "a,b"),
        ("wal", "nan,1"),
    ],
)
def test_a_limit_that_does_not_parse_is_refused(name: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Thresholds().with_limit(name, text)
    assert caught.value.hint


def test_every_limit_of_the_defaults_leaves_room_before_it() -> None:
    for field in fields(Thresholds):
        limit = getattr(Thresholds(), field.name)
        best = 1.0 if limit.below else 0.0
        assert limit.judge(best) is Status.OK, field.name
