"""The migration pane, on real databases."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from textual.pilot import Pilot

from console.connection.profile import Environment, Profile
from console.ui.app import RowsightApp
from console.ui.dialogs import Acknowledge, TypeTheName
from console.ui.migration.pane import MigrationPane
from console.ui.widgets.findings import Finding, FindingDetail, FindingList
from tests.conftest import Admin, MakeProxy
from tests.ui.screen import lines, named, text, until, write

DRIFT = """
alter table public.events disable row level security;
alter function public.is_org_member(uuid) reset search_path;
alter policy users_update on public.users using (true);
create index by_hand on public.events ("timestamp");
create table public.not_ours (id int);
"""
TABLES = "select count(*) from pg_tables where schemaname = 'public'"


def read_only(profile: Profile) -> Profile:
    return replace(profile, read_only=True)


def findings(app: RowsightApp) -> list[Finding]:
    """What the list that is shown holds, headings left out."""
    (shown,) = [found for found in app.screen.query(FindingList) if found.region.height]
    return [entry for entry in shown._shown if isinstance(entry, Finding)]


def pane(app: RowsightApp) -> MigrationPane:
    return app.screen.query_one(MigrationPane)


async def to_plan(pilot: Pilot[None]) -> None:
    """From the verdict to the plan, in write mode."""
    await pilot.press("a")
    await until(pilot, "in one transaction")


async def test_in_sync_is_the_first_word(master_db: Profile) -> None:
    app = RowsightApp(read_only(master_db), tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "✓ In sync: this database is exactly what the migration says")
        assert "p Plan" not in lines(app)[-1]
        await pilot.press("p", "a")
        assert pane(app).view == "verdict"


async def test_an_empty_database_is_not_applied_and_the_list_stays_away(plain_db: Profile) -> None:
    app = RowsightApp(read_only(plain_db), tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "○ Not applied")
        assert "W write mode, to apply" in text(app)
        await pilot.press("p")
        await until(pilot, "in one transaction")
        assert len(findings(app)) > 300


@pytest.fixture
def drifted(master_db: Profile, admin: Admin) -> Profile:
    """A database that differs from the migration in four ways, and holds a table of its own."""
    admin(master_db).execute(DRIFT.encode())
    return master_db


async def test_differences_stand_under_their_severity(drifted: Profile) -> None:
    app = RowsightApp(read_only(drifted), tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "✕ 4 differences")
        assert "1 object not ours, left alone" in text(app)
        assert {(f.group, f.mark, f.kind, f.name) for f in findings(app)} == {
            ("critical", "changed", "table", "public.events"),
            ("critical", "changed", "policy", "users_update on public.users"),
            ("error", "changed", "function", "public.is_org_member(uuid)"),
            ("warning", "extra", "index", "public.by_hand"),
        }


async def test_the_filter_takes_words_of_any_part(drifted: Profile) -> None:
    app = RowsightApp(read_only(drifted), tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "✕ 4 differences")
        await pilot.press("slash")
        await write(pilot, "critical users")
        assert [f.name for f in findings(app)] == ["users_update on public.users"]
        await pilot.press("escape")
        assert len(findings(app)) == 4


@pytest.mark.parametrize("width", [80, 120])
async def test_both_sides_of_a_difference_and_what_mends_it(drifted: Profile, width: int) -> None:
    app = RowsightApp(read_only(drifted), tab=2)
    async with app.run_test(size=(width, 40)) as pilot:
        await until(pilot, "✕ 4 differences")
        await pilot.press("slash")
        await write(pilot, "users_update")
        await pilot.press("enter", "enter")
        await until(pilot, "what mends it")
        screen = text(app)
        assert screen.index("expected") < screen.index("actual") < screen.index("what mends it")
        assert any("~" in line and "using (true)" in line for line in lines(app))
        assert isinstance(app.focused, FindingDetail)
        assert app.screen.query_one(FindingList).region.height == (0 if width < 100 else 34)
        await pilot.press("y")
        assert "users_update on public.users" in app.clipboard
        assert app.clipboard.endswith(";")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.query_one(FindingList).has_focus)


async def test_what_mends_one_difference_mends_it(drifted: Profile, admin: Admin) -> None:
    app = RowsightApp(read_only(drifted), tab=2)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "✕ 4 differences")
        mends = [finding.sql for finding in findings(app)]
        for statement in mends:
            admin(drifted).execute(statement.encode())
        await pilot.press("r")
        await until(pilot, "✓ In sync")


async def test_read_only_has_no_key_to_apply(drifted: Profile) -> None:
    app = RowsightApp(read_only(drifted), tab=2)
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "✕ 4 differences")
        assert "a Apply" not in lines(app)[-1]
        await pilot.press("a")
        assert pane(app).view == "verdict"
        await pilot.press("p")
        await until(pilot, "in one transaction")
        assert "a Apply" not in lines(app)[-1]
        await pilot.press("a")
        assert not isinstance(app.screen, Acknowledge)
        await pilot.press("W")
        await pilot.pause(0.5)
        await pilot.press("y")
        await until(pilot, "a Apply")


async def test_apply_shows_the_plan_asks_and_tells_what_it_did(
    plain_db: Profile, admin: Admin
) -> None:
    app = RowsightApp(plain_db, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "○ Not applied")
        await to_plan(pilot)
        assert admin(plain_db).execute(TABLES).fetchone() == (0,)
        await pilot.press("a")
        await until(pilot, "Apply the migration?")
        await pilot.pause(0.5)
        await pilot.press("y")
        await until(pilot, "✓ Applied: verified before the commit", patience=60)
        assert "recorded in supabase_migrations" in text(app)
        assert admin(plain_db).execute(TABLES).fetchone() == (31,)
        await pilot.press("escape")
        await until(pilot, "✓ In sync")


async def test_held_enter_and_pasted_text_apply_nothing(plain_db: Profile, admin: Admin) -> None:
    app = RowsightApp(plain_db, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "○ Not applied")
        await to_plan(pilot)
        await pilot.press("a")
        await until(pilot, "Apply the migration?")
        for _ in range(60):
            await pilot.press("enter")
        await pilot.press(*"yes please y y y")
        await pilot.pause(1)
        assert isinstance(app.screen, Acknowledge)
        await pilot.press("escape")
        assert admin(plain_db).execute(TABLES).fetchone() == (0,)
        assert pane(app).view == "plan"


async def test_on_prod_the_database_is_named(plain_db: Profile, admin: Admin) -> None:
    name = plain_db.parameters["dbname"]
    app = RowsightApp(replace(plain_db, environment=Environment.PROD), tab=2)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await named(pilot, name)
        await until(pilot, "○ Not applied")
        await to_plan(pilot)
        await pilot.press("a")
        await until(pilot, f"Type {name} to go on")
        for wrong in ("", "y", name[:-1], name + " ", name.upper()):
            await pilot.press("ctrl+u")
            await write(pilot, wrong)
            await pilot.pause(0.5)
            await pilot.press("enter")
            await pilot.pause(0.5)
            assert isinstance(app.screen, TypeTheName), wrong
        await pilot.press("ctrl+u")
        await write(pilot, name)
        await pilot.press("enter")  # in one breath with the name, as a paste would be
        await pilot.pause(0.6)
        assert isinstance(app.screen, TypeTheName)
        assert admin(plain_db).execute(TABLES).fetchone() == (0,)
        await pilot.press("enter")
        await until(pilot, "✓ Applied", patience=60)


async def test_a_policy_of_somebody_else_refuses_the_whole_apply(
    drifted: Profile, admin: Admin
) -> None:
    admin(drifted).execute("create policy hole on public.workflows using (true)")
    app = RowsightApp(drifted, tab=2)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "differences")
        await pilot.press("p")
        await until(pilot, "✕ 1 conflict: apply is refused as a whole")
        assert findings(app)[0].name == "hole on public.workflows"
        assert "a way out" in text(app)
        await pilot.press("a")
        assert not isinstance(app.screen, Acknowledge)


async def test_cancelling_an_apply_rolls_back_and_looks_again(
    plain_db: Profile, admin: Admin
) -> None:
    blocker = admin(plain_db)
    app = RowsightApp(plain_db, tab=2)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, "○ Not applied")
        await to_plan(pilot)
        await pilot.press("a")
        await pilot.pause(0.5)
        # Whoever applies first has this lock until the end; ours has to wait.
        from console.migration.blockers import APPLY_LOCK

        blocker.execute("select pg_advisory_lock(%s)", [APPLY_LOCK])
        await pilot.press("y")
        await until(pilot, "wait until nobody is in the way")
        assert "esc cancels and rolls everything back" in text(app)
        await pilot.press("W")  # the mode stays as it is for as long as something is changed
        await pilot.press("q")
        assert not app._exit
        await pilot.press("escape")
        await until(pilot, "○ Not applied")
        assert blocker.execute(TABLES).fetchone() == (0,)
        assert pane(app).view == "verdict"


async def test_a_failing_apply_says_where_and_leaves_nothing(
    plain_db: Profile, admin: Admin
) -> None:
    app = RowsightApp(plain_db, tab=2)
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, "○ Not applied")
        await to_plan(pilot)
        await pilot.press("a")
        await pilot.pause(0.5)
        admin(plain_db).execute("create table public.workflows (id text)")
        await pilot.press("y")
        await until(pilot, "✕ Not applied")
        assert "nothing was changed" in text(app)
        assert admin(plain_db).execute(TABLES).fetchone() == (1,)


async def test_a_server_that_stops_answering_is_given_up(
    master_db: Profile, proxy: MakeProxy
) -> None:
    through = proxy(master_db)
    app = RowsightApp(through.profile, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "✓ In sync")
        through.stall()
        await pilot.press("r")
        await until(pilot, "esc cancels")
        await pilot.press("escape")
        await until(pilot, "cancelled", patience=6)
        assert "✓ In sync" in text(app)  # what was found before stays
        through.resume()
        await pilot.press("r")
        await until(pilot, lambda: "cancelled" not in text(app) and "esc cancels" not in text(app))
        await until(pilot, "✓ In sync")


async def test_leaving_and_coming_back_keeps_the_pane(drifted: Profile) -> None:
    app = RowsightApp(read_only(drifted), tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "✕ 4 differences")
        await pilot.press("down", "1")
        await until(pilot, "audit_logs")
        await pilot.press("3")
        await until(pilot, "✕ 4 differences")
        assert app.screen.query_one(FindingList).has_focus
        assert app.screen.query_one(FindingList).cursor == 2


async def test_a_failure_to_verify_keeps_its_sentence_and_detail(
    master_db: Profile, admin: Admin
) -> None:
    holder: psycopg.Connection[object] = admin(master_db)
    holder.autocommit = False
    holder.execute("lock table public.events in access exclusive mode")
    app = RowsightApp(read_only(master_db), tab=2)
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "another session holds a lock")
        await pilot.press("d")
        await until(pilot, "55P03")
        await pilot.press("escape")
        holder.rollback()
        await pilot.press("r")
        await until(pilot, "✓ In sync")


async def test_one_difference_is_mended_and_the_others_stay(drifted: Profile, admin: Admin) -> None:
    app = RowsightApp(drifted, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "✕ 4 differences")
        assert findings(app)[0].name == "public.events"
        await pilot.press("m")
        await until(pilot, "→ 1 statement in one transaction")
        await pilot.press("a")
        await until(pilot, "y yes, do it")
        await pilot.pause(0.5)
        await pilot.press("y")
        await until(pilot, "✓ Applied", patience=60)
        await pilot.press("escape")
        await until(pilot, "✕ 3 differences")
    secured = "select relrowsecurity from pg_class where oid = 'public.events'::regclass"
    assert admin(drifted).execute(secured).fetchone() == (True,)


async def test_a_way_out_of_a_conflict_is_a_key(drifted: Profile, admin: Admin) -> None:
    admin(drifted).execute("create policy hole on public.workflows using (true)")
    app = RowsightApp(drifted, tab=2)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "differences")
        await pilot.press("p")
        await until(pilot, "✕ 1 conflict: apply is refused as a whole")
        assert "s Set aside" not in lines(app)[-1]
        await pilot.press("x")
        await until(pilot, "in one transaction")
        assert "drop" in text(app)
        await pilot.press("x")
        await until(pilot, "✕ 1 conflict: apply is refused as a whole")


async def test_the_history_tells_what_is_on_record_and_how_to_put_it_right(
    master_db: Profile,
) -> None:
    app = RowsightApp(read_only(master_db), tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "✓ In sync")
        await pilot.press("h")
        await until(pilot, "○ Not recorded: the master is not on record")
        assert "supabase migration repair" in text(app)
        await pilot.press("escape")
        await until(pilot, "✓ In sync")
