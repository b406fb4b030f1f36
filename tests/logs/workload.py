"""Writers that make a tail's life hard, in a process of their own.

Transactions are slow, or begin long before they write; part of them is undone, by savepoint or
whole; rows that were written before are changed. Run as a program it prints one JSON document:
when each row was committed, by the clock of this machine, and which were changed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import time
import uuid
from typing import Any

import psycopg

INSERTS = {
    "audit_logs": (
        "insert into public.audit_logs (id, action, resource, metadata) "
        "select unnest(%s::uuid[]), 'load.row', 'workflows', '{\"n\": 1}' returning id::text"
    ),
    "audit_log": (
        "insert into public.audit_log (action, meta) "
        "select 'load.row', jsonb_build_object('n', n) from unnest(%s::uuid[]) n "
        "returning id::text"
    ),
    "privacy_transparency_log": (
        'insert into public.privacy_transparency_log (id, "userId", action, resource) '
        "select unnest(%s::uuid[]), (select id from public.users limit 1), 'load.row', 'x' "
        "returning id::text"
    ),
}
CHANGES = {
    "audit_logs": "update public.audit_logs set resource = 'changed' where id = %s",
    "audit_log": "update public.audit_log set action = 'load.changed' where id = %s",
}


class Load:
    """What the writers have in common.

    Args:
        rows: How many rows to commit in all.
        pause: The longest a transaction waits at one place, in seconds.
    """

    def __init__(self, dsn: str, rows: int, pause: float) -> None:
        self.dsn = dsn
        self.rows = rows
        self.pause = pause
        self.done = 0
        self.committed: dict[str, float] = {}
        self.changed: dict[str, float] = {}
        self.rolled_back = 0

    async def write(self, seed: int) -> None:
        """One writer; it connects again whenever it is thrown out."""
        dice = random.Random(seed)
        while self.done < self.rows:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self.dsn, autocommit=True
                ) as connection:
                    while self.done < self.rows:
                        await self._transaction(connection, dice)
            except psycopg.Error:
                await asyncio.sleep(0.1)

    async def _wait(self, dice: random.Random) -> None:
        await asyncio.sleep(dice.uniform(0, self.pause) if dice.random() < 0.7 else 0)

    async def _transaction(
        self, connection: psycopg.AsyncConnection[Any], dice: random.Random
    ) -> None:
        source = dice.choice(["audit_logs"] * 3 + ["audit_log", "privacy_transparency_log"])
        written: list[str] = []
        changed: list[str] = []
        await connection.execute("begin")
        if dice.random() < 0.3:
            # The transaction's time is taken here; it has no number yet.
            await connection.execute("select 1")
            await self._wait(dice)
        for _ in range(dice.randint(1, 4)):
            ids = [str(uuid.UUID(int=dice.getrandbits(128))) for _ in range(dice.randint(1, 50))]
            savepoint = dice.random() < 0.5
            if savepoint:
                await connection.execute("savepoint part")
            rows = await (await connection.execute(INSERTS[source], [ids])).fetchall()
            if savepoint and dice.random() < 0.4:
                await connection.execute("rollback to savepoint part")
            else:
                written += [id_ for (id_,) in rows]
            if dice.random() < 0.3:
                await self._wait(dice)
        if source in CHANGES and dice.random() < 0.1:
            mine = [key for key in self.committed if key.startswith(source + " ")][-500:]
            if mine:
                key = dice.choice(mine)
                await connection.execute(CHANGES[source], [key.split()[1]])
                changed.append(key)
        await self._wait(dice)
        if dice.random() < 0.1:
            await connection.execute("rollback")
            self.rolled_back += len(written)
            return
        await connection.execute("commit")
        now = time.time()
        self.done += len(written)
        self.committed |= {f"{source} {id_}": now for id_ in written}
        self.changed |= dict.fromkeys(changed, now)


async def run(dsn: str, rows: int, writers: int, pause: float) -> Load:
    """Runs the writers until enough rows are committed."""
    load = Load(dsn, rows, pause)
    await asyncio.gather(*(load.write(seed) for seed in range(writers)))
    return load


def main() -> None:
    """Runs the load and prints what was committed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dsn")
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--pause", type=float, default=1.5)
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        load = asyncio.run(run(options.dsn, options.rows, options.writers, options.pause))
        print(
            json.dumps(
                {
                    "committed": load.committed,
                    "changed": load.changed,
                    "rolled_back": load.rolled_back,
                }
            )
        )


if __name__ == "__main__":
    main()
