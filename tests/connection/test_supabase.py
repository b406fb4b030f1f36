"""Supabase's ways in."""

from __future__ import annotations

import pytest

from console.connection.supabase import ABILITIES, Way, parameters, pooler_host, reference, way_of
from console.errors import UsageError

REF = "abcdefghijklmnopqrst"


@pytest.mark.parametrize(
    "text",
    [
        REF,
        f" {REF}\n",
        f"https://{REF}.supabase.co",
        f"https://supabase.com/dashboard/project/{REF}/settings/database",
        f"postgresql://postgres:[YOUR-PASSWORD]@db.{REF}.supabase.co:5432/postgres",
        f"postgresql://postgres.{REF}:x@aws-0-eu-central-1.pooler.supabase.com:6543/postgres",
    ],
)
def test_a_reference_is_found_in_what_people_copy(text: str) -> None:
    assert reference(text) == REF


@pytest.mark.parametrize("text", ["", "abc", "https://example.test", REF.upper(), REF + "x"])
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(UsageError):
        reference(text)


@pytest.mark.parametrize(
    ("way", "host", "port", "user"),
    [
        (Way.DIRECT, f"db.{REF}.supabase.co", "5432", "postgres"),
        (Way.SESSION, "aws-0-eu-central-1.pooler.supabase.com", "5432", f"postgres.{REF}"),
        (Way.TRANSACTION, "aws-0-eu-central-1.pooler.supabase.com", "6543", f"postgres.{REF}"),
    ],
)
def test_each_way_and_back(way: Way, host: str, port: str, user: str) -> None:
    region = "" if way is Way.DIRECT else "eu-central-1"
    found = parameters(REF, region, way)
    assert (found["host"], found["port"], found["user"]) == (host, port, user)
    assert found["sslmode"] == "require"
    assert way_of(found["host"], found["port"]) is way
    assert {ability.can for ability in ABILITIES[way]} == {True, False}


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "aws-0-us-east-1"),
        ("aws-1-us-east-1", "aws-1-us-east-1"),
        (" AWS-1-ap-southeast-2.pooler.supabase.com", "aws-1-ap-southeast-2"),
    ],
)
def test_regions(region: str, host: str) -> None:
    assert pooler_host(region) == f"{host}.pooler.supabase.com"


@pytest.mark.parametrize("region", ["", "moon", "eu-central", "evil.example"])
def test_what_is_no_region(region: str) -> None:
    with pytest.raises(UsageError):
        parameters(REF, region, Way.SESSION)


def test_other_hosts_are_not_supabase() -> None:
    assert way_of("db.example", "6543") is None
