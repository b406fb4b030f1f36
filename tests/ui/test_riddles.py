"""Each riddle of the sample data, from its row: the true cause after at most four keys."""

from __future__ import annotations

import pytest

from console.access.persona import Persona, of_user
from console.connection.profile import Profile
from console.ui.access.why import WhyView
from console.ui.app import RowsightApp
from console.ui.places import WhyPlace
from console.ui.widgets.grid import Grid
from console.ui.workspace import Workspace
from tests.access import cast
from tests.ui.screen import text, until
from tests.ui.test_access import go, ready

HIRO = of_user(
    cast.HIRO,
    email="hiro@example.com",
    app_metadata={"provider": "email", "providers": ["email"], "role": "admin"},
)


@pytest.mark.parametrize(
    ("who", "table", "key", "keys", "cause"),
    [
        (
            cast.user(cast.ADA),
            "workflows",
            ("id", cast.INVOICE_SYNC),
            (),
            "carol@example.com: member.removed",
        ),
        (
            cast.user(cast.FATIMA),
            "offers",
            ("key", "welcome-pro-30"),
            (),
            "enabled is false (audit_logs: paula.schmidt@example.org: offer.disabled",
        ),
        (
            cast.user(cast.BERT),
            "telemetry_events",
            ("id", cast.ADA),
            ("n", "f3"),
            "there is no row in privacy_prefs",
        ),
        (
            cast.user(cast.DARA),
            "workflows",
            ("id", cast.PAYROLL_EXPORT),
            ("u", "f3"),
            'dara@example.com sees the row by "workflows_select", which is for reading only',
        ),
        (
            cast.user(cast.SOFIA_SSO),
            "workflows",
            ("id", cast.CUSTOMS_FORMS),
            (),
            "two accounts: their addresses differ only in capital letters",
        ),
        (
            cast.user(cast.GIULIA),
            "subscriptions",
            ("id", cast.GIULIAS_PLAN),
            ("u", "f3"),
            "authenticated holds no UPDATE on public.subscriptions",
        ),
        (
            HIRO,
            "users",
            ("id", cast.ADA),
            (),
            "is_admin() is true, but no policy on users asks for it",
        ),
    ],
    ids=["vanished", "offer", "telemetry", "saving", "account", "plan", "administrator"],
)
async def test_the_sentence_names_the_true_cause(
    shared_sample: Profile,
    who: Persona,
    table: str,
    key: tuple[str, str],
    keys: tuple[str, ...],
    cause: str,
) -> None:
    app = RowsightApp(shared_sample, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, who)
        await go(pilot, WhyPlace(f"public.{table}", (key,)))  # as `w` on the row does
        assert len(keys) + 1 <= 4
        view = app.screen.query_one(WhyView)
        await until(pilot, lambda: not view.busy and (view.decision or view.error))
        for one in keys:
            await pilot.press(one)
            await until(pilot, lambda: not view.busy)
        await until(pilot, lambda: not view.busy and view.decision is not None)
        assert view.decision is not None
        assert cause in view.decision.sentence
        assert view.decision.ground_truth.agrees is True


async def test_from_the_row_in_the_tables_pane_it_is_one_key(shared_sample: Profile) -> None:
    app = RowsightApp(shared_sample, table="workflows")
    async with app.run_test(size=(120, 40)) as pilot:
        workspace = app.screen_stack[0]
        assert isinstance(workspace, Workspace)
        await until(pilot, cast.INVOICE_SYNC[:13])  # a long id is shortened
        workspace.action_adopt(cast.user(cast.ADA))
        await until(pilot, f"○ {cast.INVOICE_SYNC[:13]}")
        for _ in range(60):
            grid = app.focused
            assert isinstance(grid, Grid)
            row = grid.source.row(grid.cursor_row)
            if row is not None and cast.INVOICE_SYNC in row:
                break
            await pilot.press("down")
        await pilot.press("w")
        await until(pilot, "○ hidden, silently: no error")
        assert "carol@example.com: member.removed" in text(app)
