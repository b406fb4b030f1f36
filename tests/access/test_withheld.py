"""Where many things are asked at once, what gets out costs its own answer and no other."""

from __future__ import annotations

import pytest

from console.access.baseline import check, read_baseline, take
from console.access.comparison import compare
from console.access.entrance import ContainmentBroken
from console.access.matrix import matrix
from console.access.naming import named_of
from console.access.persona import Persona, of_role, of_user
from console.access.rules import Command
from tests.access.attacks import STORED
from tests.access.scene import EVE, Scene

ANON = of_role("anon")
FRED = of_user("00000000-0000-4000-8000-00000000f4ed", email="fred@example.com")
GIL = of_user("00000000-0000-4000-8000-0000000009e1", email="gil@example.com")


@pytest.mark.parametrize("people", [[EVE], [EVE, FRED], [ANON, EVE, FRED, GIL]], ids=len)
@pytest.mark.parametrize("function", STORED)
async def test_what_gets_out_costs_the_matrix_its_own_cell(
    scene: Scene, function: str, people: list[Persona]
) -> None:
    """It gets out for Eve alone: whatever else is counted beside it stands."""
    scene.admin.execute(
        f"""
        grant execute on all functions in schema public to public;
        create policy p on public.prey to anon, authenticated using (
          case when (select auth.uid()) = '{EVE.claims["sub"]}' then public.{function}()
          else id > 2 end)
        """.encode()
    )
    tables = ["public.prey", "public.ledger"]
    found = await matrix(scene.login, scene.acting, people, tables=tables)
    expected = STORED[function]
    for persona in people:
        for command in (Command.SELECT, Command.UPDATE, Command.DELETE):
            cell = found.cell("public.prey", persona.label, command)
            if persona is not EVE:
                assert (cell.state, cell.visible, cell.total) == ("some", 3, 5)
            elif expected is ContainmentBroken:
                assert cell.withheld
                assert cell.state == "error"
                assert cell.visible is None
                assert cell.message.startswith("containment broken: result withheld; the ")
            elif expected is None:
                assert not cell.withheld
        for command in Command:
            cell = found.cell("public.ledger", persona.label, command)
            assert (cell.state, cell.total) == ("all", 5)
    assert scene.acting.state == "connected"
    await scene.unharmed()


async def test_a_baseline_says_what_was_withheld(scene: Scene) -> None:
    scene.admin.execute(
        """
        grant execute on all functions in schema public to public;
        create policy p on public.prey to authenticated using (public.evil_role())
        """
    )
    assert EVE.user_id is not None
    named = await named_of(scene.login, of_user(EVE.user_id))  # she is in no table
    baseline = read_baseline(await take(scene.login, scene.acting, [named]))
    ((_, tables),) = baseline.expected
    assert tables["public.prey"]["select"] == "withheld"
    assert baseline.withheld > 0
    assert await check(scene.login, scene.acting, baseline) == []
    await scene.unharmed()


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("evil_role", "the role became postgres"),
        ("evil_claims", "the claims changed"),
    ],
)
async def test_a_withheld_cell_says_what_was_noticed(
    scene: Scene, function: str, reason: str
) -> None:
    scene.admin.execute(
        f"""
        grant execute on all functions in schema public to public;
        create policy p on public.prey to authenticated using (public.{function}())
        """.encode()
    )
    found = await matrix(scene.login, scene.acting, [EVE], tables=["public.prey"])
    cell = found.cell("public.prey", EVE.label, Command.SELECT)
    assert cell.message == f"containment broken: result withheld; {reason}"
    await scene.unharmed()


async def test_what_gets_out_costs_a_comparison_its_own_table(scene: Scene) -> None:
    """A view takes the role back only when its rows are read, not when they are counted."""
    scene.admin.execute(
        """
        grant execute on all functions in schema public to public;
        create policy p on public.prey to anon using (id > 2);
        create policy q on public.prey to authenticated using (id > 1);
        create or replace view public.evil_rows with (security_invoker) as
          select p.*, public.evil_role() as owned from public.prey as p
        """
    )
    found = await compare(scene.login, scene.acting, EVE, ANON)
    told = {difference.table: difference for difference in found.differences}
    assert told["public.prey"].only == (1, 0)
    assert not told["public.prey"].withheld
    assert told["public.evil_rows"].only is None
    assert told["public.evil_rows"].withheld
    assert told["public.evil_rows"].message.startswith("containment broken: result withheld; ")
    assert found.same == ("public.evil_killer", "public.ledger")
    await scene.unharmed()
