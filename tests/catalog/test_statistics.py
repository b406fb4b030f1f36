"""How values are distributed: histograms, common values and samples on one scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.catalog.relations import find_relation, list_columns
from console.catalog.statistics import Distribution, Spot, distribution, read_distributions
from console.connection.profile import Profile
from console.connection.session import Session

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]


async def read(
    connect: Connect, profile: Profile, column: str, sample: float | None = None
) -> Distribution:
    async with connect(profile) as session:
        relation = await find_relation(session, "t")
        columns = [c for c in await list_columns(session, relation) if c.name == column]
        (found,) = await read_distributions(session, relation, columns, sample=sample)
        return found


def test_bounds_share_the_rows_evenly() -> None:
    found = distribution([("a", None), ("b", None), ("c", None)], 0.0)
    assert found.starts == (0.0, 0.5, 1.0)
    assert found.spot(0.25) == Spot("a", "b", 0.5)
    assert found.spot(1.0) == Spot("c", None, 0.0)


def test_common_values_take_their_share_and_nulls_come_last() -> None:
    found = distribution([("a", None), ("m", 0.4), ("z", None)], 0.2)
    assert found.starts == pytest.approx((0.0, 0.2, 0.8))
    spot = found.spot(0.4)
    assert spot is not None
    assert (spot.low, spot.high) == ("m", None)
    assert spot.share == pytest.approx(0.5)
    nothing = found.spot(0.9)
    assert nothing is not None
    assert nothing.low is None
    assert nothing.share == pytest.approx(0.5)
    assert distribution([], 0.0).spot(0.5) is None


@given(
    st.lists(st.one_of(st.none(), st.floats(0.001, 0.05)), max_size=15),
    st.floats(0, 0.2),
    st.floats(0, 1),
)
def test_there_is_a_spot_for_every_share_and_it_grows(
    kinds: list[float | None], nulls: float, share: float
) -> None:
    rows = [(f"{number:03}", kind) for number, kind in enumerate([None, *kinds, None])]
    found = distribution(rows, nulls)
    assert list(found.starts) == sorted(found.starts)
    spot, later = found.spot(share), found.spot(min(1.0, share + 0.1))
    assert spot is not None
    assert later is not None
    assert 0 <= spot.share <= 1
    if spot.low is not None and later.low is not None:
        assert spot.low <= later.low


async def test_the_server_s_statistics_lie_where_the_values_lie(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table t (
          n int, s text collate "C", m text, nothing int, "o dd" timestamptz, late text
        ) with (autovacuum_enabled = false);
        insert into t select g, chr(65 + g % 26) || g,
          case when g % 2 = 0 then 'often' else g::text end, null,
          case when g % 4 > 0 then '2024-01-01'::timestamptz + g * interval '1 min' end, g
          from generate_series(1, 20000) g;
        analyze t (n, s, m, nothing, "o dd");
        """
    )
    spot = (await read(connect, empty_db, "n")).spot(0.25)
    assert spot is not None
    assert spot.low is not None
    assert 4700 < int(spot.low) <= 5000
    letters = (await read(connect, empty_db, "s")).values
    assert list(letters) == sorted(letters), "in the column's own order"
    often = (await read(connect, empty_db, "m")).spot(0.75)
    assert often is not None
    assert (often.low, often.high) == ("often", None)
    assert (await read(connect, empty_db, "nothing")).spot(0.5) == Spot(None, None, 0.5)
    times = await read(connect, empty_db, "o dd")
    assert times.nulls == pytest.approx(0.25, abs=0.01)
    assert (await read(connect, empty_db, "late")).spot(0.5) is None, "never analysed"
    sampled = (await read(connect, empty_db, "late", sample=1.0)).spot(0.5)
    assert sampled is not None
    assert sampled.low is not None
