"""Filters: what a person types, and that server and entry give the same answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import UsageError
from console.logs.filter import LogFilter, make_filter, read_time
from console.logs.history import read_after, read_undated
from console.logs.source import SOURCES, LogEntry, find_sources
from tests.logs.collecting import key
from tests.logs.conftest import USER

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("now", NOW),
        ("-1h", NOW - timedelta(hours=1)),
        ("90 minutes ago", NOW - timedelta(minutes=90)),
        ("2d", NOW - timedelta(days=2)),
        ("+30s", NOW + timedelta(seconds=30)),
        ("1 week ago", NOW - timedelta(weeks=1)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20 16:58", datetime(2026, 11, 20, 16, 58, tzinfo=UTC)),
        ("2026-11-20T16:58:01.5+02:00", datetime(2026, 11, 20, 14, 58, 1, 500_000, tzinfo=UTC)),
        ("2026-11-20T16:58Z", datetime(2026, 11, 20, 16, 58, tzinfo=UTC)),
    ],
)
def test_times(text: str, time: datetime) -> None:
    assert read_time(text, NOW) == time


@pytest.mark.parametrize(
    "text", ["", "yesterday", "-1y", "1h30m", "2026-13-01", "-999999999w", "0001-01-01", "-1"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_time(text, NOW)
    assert "-1h" in caught.value.hint


@pytest.mark.parametrize(
    "wrong", [{"sources": ["logs"]}, {"text": "a\0b"}, {"user": "\udc80"}, {"since": "soon"}]
)
def test_what_is_no_filter(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        make_filter(NOW, **wrong)


def test_a_user_id_in_any_spelling() -> None:
    made = make_filter(NOW, user=USER.upper().replace("-", ""))
    assert made == LogFilter(user=USER)


ACTIONS = ["login", "LOGIN", "login.failed", "a%b", "a_b", "a\\b", "a*b", "a?b", "ab", "[ab]", ""]
RESOURCES = [None, "users", "Users", "ünïts", "日本", "%", "a\nb"]
TEXTS = [
    "Straße",
    "STRASSE",
    "İstanbul",
    "ΣΑΣ",
    "a\\b",
    'say "hi"',
    "100%",
    "Ada",
    "x" * 4100 + "end",
]
TIMES = [
    NOW,
    NOW + timedelta(microseconds=1),
    NOW - timedelta(days=400),
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(9999, 12, 30, tzinfo=UTC),
]
ODD_TIMES = ["infinity", "-infinity", "0044-03-15 BC", "20000-01-01", None]


@pytest.fixture
def rows(master_db: Profile, db: psycopg.Connection[Any]) -> Profile:
    """Some hundred rows, each with other values, the odd ones among them."""
    for number in range(120):
        values = (
            USER if number % 3 else None,
            ACTIONS[number % len(ACTIONS)],
            Jsonb({"text": TEXTS[number % len(TEXTS)], "n": number}),
            TIMES[number % len(TIMES)],
        )
        user, action, metadata, time = values
        db.execute(
            'insert into public.audit_logs ("userId", action, metadata, timestamp, resource)'
            " values (%s, %s, %s, %s, %s)",
            [user, action, metadata, time, RESOURCES[number % len(RESOURCES)]],
        )
        db.execute(
            "insert into public.audit_log (user_id, action, meta, ts) values (%s, %s, %s, %s)",
            [*values[:2], metadata if number % 2 else None, time],
        )
    for number, odd in enumerate(ODD_TIMES):
        db.execute(
            "insert into public.audit_log (action, ts, meta)"
            ' values (%s, %s::timestamptz, \'{"text": "Ada"}\')',
            [ACTIONS[number], odd],
        )
    return master_db


GLOBS = st.one_of(
    st.sampled_from(
        [*ACTIONS, "login*", "*n*", "a?b", "*", "?", "[ab]*", "a\\*", "", "%", "_b", "*日*"]
    ),
    st.text(alphabet="abn*?\\%_[].lLogin日ü", max_size=6),
)
FILTERS = st.builds(
    LogFilter,
    sources=st.frozensets(st.sampled_from(SOURCES), max_size=2),
    user=st.sampled_from([None, None, USER, "no uuid", "'; drop table x; --"]),
    action=st.none() | GLOBS,
    resource=st.none() | st.none() | GLOBS,
    since=st.none() | st.sampled_from(TIMES),
    until=st.none() | st.sampled_from(TIMES),
    text=st.none()
    | st.sampled_from(["ada", "STRASSE", "straße", "İ", "i̇", "σασ", '\\"', "%", "xend", 'N": 1'])
    | st.text(alphabet='aAnNxXtTeE":{}\\% 1ßſK', max_size=3),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(where=FILTERS)
async def test_server_and_entry_agree(rows: Profile, where: LogFilter) -> None:
    async with Session(rows) as session, session.transaction(search_path="") as tx:
        sources = await find_sources(tx)
        everything: set[LogEntry] = set()
        chosen: set[LogEntry] = set()
        for found, filter_ in ((everything, LogFilter()), (chosen, where)):
            page = await read_after(tx, sources, limit=1000, where=filter_)
            assert not page.more
            found |= set(page.entries)
            for source in sources:
                found |= set((await read_undated(tx, source, where=filter_)).entries)
        assert len(everything) == 245
        assert {key(entry) for entry in chosen} == {
            key(entry) for entry in everything if where.matches(entry)
        }


async def test_a_filter_for_what_a_log_lacks_finds_nothing_there(rows: Profile) -> None:
    async with Session(rows) as session, session.transaction(search_path="") as tx:
        sources = await find_sources(tx)
        page = await read_after(tx, sources, limit=1000, where=LogFilter(resource="*"))
    assert {entry.source for entry in page.entries} == {"audit_logs"}
    assert all(entry.resource is not None for entry in page.entries)
