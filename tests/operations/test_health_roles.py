"""Health for limited roles, odd databases and figures that hang."""

from __future__ import annotations

import contextlib
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from console.connection.profile import Profile
from console.connection.session import Session
from console.operations.check import Status
from console.operations.health import (
    FUNCTIONS,
    check_health,
    read_pulse,
    run_functions,
)
from tests.conftest import FreshDatabase
from tests.operations.conftest import Admin, Database, logged_in, make_role
from tests.operations.test_health import (
    health,
    named,
    survey,
)


async def test_a_role_that_may_not_see_is_told_so(
    master_db: Profile, admin: Admin, database: Database
) -> None:
    make_role(database, "nobody_special")
    database.execute("create sequence public.hidden")
    admin(master_db).execute("begin")
    found = await health(logged_in(master_db, "nobody_special"))
    checks = named(found.checks)
    unseen = {name for name, check in checks.items() if check.status is Status.UNAVAILABLE}
    assert unseen >= {"longest_transaction", "longest_query", "wal", "sequences", *FUNCTIONS}
    assert "may not execute public.get_table_sizes()" in checks["get_table_sizes"].detail
    assert "permission denied" in checks["wal"].detail
    assert all(checks[name].detail for name in unseen)
    assert checks["dead_rows"].status is Status.OK, "what may be seen is"
    assert checks["connections"].value is not None
    assert not found.failed()
    assert found.functions.rows == {}


async def test_who_may_become_the_service_role_runs_its_functions(sample_db: Profile) -> None:
    async with Session(logged_in(sample_db, "authenticator")) as session:
        found = await run_functions(session)
        assert set(found.rows) == set(FUNCTIONS)
        assert await session.value("select current_user::text") == "authenticator"


async def test_the_functions_rows_are_passed_on(sample_db: Profile) -> None:
    async with Session(sample_db) as session:
        found = await run_functions(session)
    (document,) = found.rows["system_healthcheck"]
    assert document["status"] in ("ok", "warning")
    assert isinstance(document["events"], int)
    assert len(found.rows["privacy_guardian_health_check"]) == 5
    sizes = {row["table_name"]: row["total_bytes"] for row in found.rows["get_table_sizes"]}
    assert len(sizes) == 31
    assert all(isinstance(size, int) for size in sizes.values())


async def test_what_the_system_check_finds_is_judged(
    master_db: Profile, database: Database
) -> None:
    async with Session(master_db) as session:
        check = named((await run_functions(session)).checks)["system_healthcheck"]
        assert check.status is Status.OK
        database.execute("alter table public.events disable row level security")
        check = named((await run_functions(session)).checks)["system_healthcheck"]
    assert (check.status, check.detail) == (Status.FAIL, "1 table without row-level security")


async def test_a_plain_database_has_no_functions_and_passes(empty_db: Profile) -> None:
    found = await health(empty_db)
    assert not found.failed()
    assert named(found.checks)["get_index_usage"].detail == (
        "the database has no function public.get_index_usage()"
    )


async def test_one_figure_that_hangs_spoils_no_other(
    master_db: Profile, admin: Admin, database: Database
) -> None:
    busy = admin(master_db)
    busy.execute("begin; lock table public.events in access exclusive mode")
    found = await health(master_db)
    checks = named(found.checks)
    assert checks["get_table_sizes"].status is Status.UNAVAILABLE
    assert checks["get_table_sizes"].detail == "somebody holds a lock on what it reads"
    assert found.survey.missing == {"sizes": "somebody holds a lock on what it reads"}
    unseen = {name for name, check in checks.items() if check.status is Status.UNAVAILABLE}
    assert unseen == {"get_table_sizes", "statements", "scheduled_jobs"}
    busy.rollback()


async def test_jobs_are_read_where_there_are_any(master_db: Profile, database: Database) -> None:
    # Tables of the extension's shape: it can't be installed everywhere.
    database.execute(
        "create schema cron; create table cron.job (jobid bigint, schedule text, command text,"
        " jobname text, active boolean); create table cron.job_run_details (jobid bigint,"
        " runid bigint, status text, return_message text, start_time timestamptz,"
        " end_time timestamptz); insert into cron.job values"
        " (1, '* * * * *', 'select 1', 'nightly', true), (2, '* * * * *', 'x', null, false);"
        " insert into cron.job_run_details values (1, 1, 'succeeded', '', now(), now()),"
        " (1, 2, 'failed', 'ERROR: no \x1b[31m luck', now(), now()),"
        " (2, 3, 'failed', '', now(), now())"
    )
    check = (await survey(master_db))["scheduled_jobs"]
    assert (check.status, check.value) == (Status.WARN, 1.0)
    assert "nightly: ERROR: no" in check.detail
    database.execute("insert into cron.job_run_details values (1, 4, 'succeeded')")
    assert (await survey(master_db))["scheduled_jobs"].status is Status.OK


async def test_what_others_typed_is_read_as_it_is(
    fresh_database: FreshDatabase, admin: Admin, master_db: Profile
) -> None:
    loud = psycopg.connect(
        make_conninfo(
            **master_db.parameters, application_name="evil'; {} %s \x1b[2J".replace("\x1b", "?")
        ),
        autocommit=True,
    )
    with contextlib.closing(loud):
        loud.execute("begin; select 'a\u202eb %s {} \x1b]0;x\x07'")
        async with Session(master_db) as session:
            backends = (await read_pulse(session)).backends
        (found,) = [one for one in backends if one.pid == loud.info.backend_pid]
        assert "\u202e" in (found.statement or "")
        assert "\x1b" in (found.statement or "")
        assert "evil'" in found.application


async def test_a_database_without_an_encoding_is_read(server: Any, admin: Admin) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as first:
        first.execute("drop database if exists bytes_only")
        first.execute(
            "create database bytes_only encoding 'SQL_ASCII' locale 'C' template template0"
        )
    profile = server.profile("bytes_only")
    bytes_only = psycopg.connect(server.dsn("bytes_only"), autocommit=True)
    with contextlib.closing(bytes_only):
        bytes_only.execute("set client_encoding = 'LATIN1'")
        bytes_only.execute(b"begin; select '\xe9t\xe9'")
        async with Session(profile) as session:
            found = await check_health(session)
    statements = [one.statement or "" for one in found.pulse.backends]
    assert any("t" in one and one.startswith("begin; select '") for one in statements)
    with psycopg.connect(server.dsn(), autocommit=True) as first:
        first.execute("drop database bytes_only with (force)")
