"""The demo is alive: rows arrive, some runs fail, and whatever somebody does to it is survived."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from console.connection.profile import Profile
from console.connection.session import Session
from console.demo import traffic
from console.migration.model import Verdict
from console.migration.verify import verify
from tests.conftest import Admin


async def test_traffic_arrives_and_fails_now_and_then(sample_db: Profile, admin: Admin) -> None:
    database = admin(sample_db)

    def count(table: str, where: str = "true") -> int:
        row = database.execute(f"select count(*) from public.{table} where {where}".encode())
        return int((row.fetchone() or (0,))[0])

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.02)

    runs, told = count("workflow_runs"), count("audit_logs")
    going = asyncio.create_task(traffic(sample_db, pace=0.005))
    await until(lambda: count("audit_logs", "action = 'workflow.failed'") > 0)
    await until(lambda: count("workflow_runs") > runs + 40)
    ours = "\"userAgent\" = 'rowsight-sample-job/1.0' and action = 'workflow.{}'"
    well, badly = (count("audit_logs", ours.format(how)) for how in ("run", "failed"))
    assert well > badly, "now and then, not each time"
    lately = "timestamp > now() - interval '1 min'"
    await until(lambda: count("audit_logs", f"action = 'login' and {lately}") > 0)
    assert count("workflow_runs", "status = 'failed' and error is null") == 0
    assert count("audit_logs") > told
    database.execute("alter table public.workflow_runs rename to gone")
    seen = count("gone")
    database.execute("alter table public.gone rename to workflow_runs")
    await until(lambda: count("workflow_runs") > seen + 3)
    going.cancel()
    with suppress(asyncio.CancelledError):
        await going
    async with Session(sample_db) as session:
        assert (await verify(session)).verdict is Verdict.IN_SYNC
