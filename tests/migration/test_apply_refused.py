"""What apply refuses before it begins, and how it says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import Refused
from console.migration.apply import apply
from console.migration.plan import Conflicted
from tests.conftest import Admin
from tests.standby import Standby


async def test_a_standby_is_refused_in_words(server: EmbeddedServer) -> None:
    with Standby(server) as standby:
        async with Session(replace(standby.profile(), read_only=False)) as session:
            with pytest.raises(Refused, match="standby"):
                await apply(session)


async def test_a_name_cannot_break_out_of_the_comment_that_tells_of_it(
    master_db: Profile, admin: Admin, connect: type[Session]
) -> None:
    with admin(master_db) as connection:
        connection.execute(
            'create policy "x\ndrop table public.users; --" on public.users for select using (true)'
        )
    async with connect(master_db) as session:
        with pytest.raises(Conflicted) as caught:
            await apply(session)
    comments = [line for line in caught.value.detail.splitlines() if line.startswith("--")]
    assert len(comments) == 1
    assert "drop table" in comments[0]
