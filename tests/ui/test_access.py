"""The access pane: whom to look as, and why a row is seen or not."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from console.access.persona import Persona
from console.access.rules import Command
from console.connection.profile import Profile, Secret
from console.journal import state_folder
from console.ui.access.choices import ChoiceList
from console.ui.access.editor import ClaimsEditor
from console.ui.access.picker import PersonaPicker
from console.ui.access.why import WhyView
from console.ui.app import RowsightApp
from console.ui.pane import Pane
from console.ui.places import PersonPlace, Place, TablePlace, WhyPlace
from console.ui.widgets.editor import Editor
from console.ui.workspace import Workspace
from tests.access import cast
from tests.conftest import Admin
from tests.ui.acme import ADA, ANON
from tests.ui.screen import lines, text, until, write

INVOICE_SYNC = WhyPlace("public.workflows", (("id", cast.INVOICE_SYNC),))


def lens(app: RowsightApp) -> Persona | None:
    workspace = app.screen_stack[0]
    assert isinstance(workspace, Workspace)
    return workspace.status.lens


async def ready(pilot: Pilot[Any], persona: Persona | None = None) -> Workspace:
    """Waits for the connection, and puts a lens on."""
    workspace = pilot.app.screen_stack[0]
    assert isinstance(workspace, Workspace)
    await until(pilot, lambda: workspace.status.server is not None)
    if persona is not None:
        workspace.action_adopt(persona)
    await until(pilot, "people   why")
    return workspace


async def go(pilot: Pilot[Any], place: Place) -> None:
    """Goes to a place as another pane would send a person there."""
    pilot.app.screen.query_one(Pane).post_message(Pane.Visit(place))
    await pilot.pause()


async def test_type_and_enter_looks_as_somebody(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("i")
        # Faster than any answer: enter waits for it.
        for key in (*"ada@", "enter"):
            app.simulate_key(key)
        await until(pilot, lambda: lens(app) is not None)
        assert str(lens(app)) == "ada@example.com · authenticated · aal1"
        await until(pilot, "What is seen")
        assert "◐ workflows" in text(app)
        await pilot.press("I")
        await until(pilot, "Nobody is chosen yet.")


async def test_who_was_chosen_is_remembered_by_name_alone(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("i", *"carol", "f2")
        await until(pilot, lambda: len(app.screen.query_one(ChoiceList)._shown) == 3)
        assert "⚠ look closely" in text(app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: lens(app) is not None)
        chosen = lens(app)
        assert chosen is not None
        assert chosen.aal == "aal2"
        (kept,) = json.loads((state_folder() / "personas.json").read_text()).values()
        assert kept == [{"as": chosen.label, "aal": 2}]
        await pilot.press("I", "i")
        await until(pilot, "recent")
        await pilot.press("enter")
        await until(pilot, lambda: lens(app) is not None)
        assert str(lens(app)) == str(chosen)


async def test_roles_and_an_id_that_nobody_has(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("i", *"service", "enter")
        await until(pilot, lambda: lens(app) is not None)
        assert str(lens(app)) == "service_role"
        await pilot.press("i")
        await write(pilot, "11111111-1111-4111-8111-111111111111")
        await until(pilot, "in no table of users")
        await pilot.press("enter")
        await until(pilot, lambda: lens(app) is not None and lens(app).user_id is not None)  # type: ignore[union-attr]


async def test_presets_and_one_that_is_wrong(
    acme: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(path))
    path.write_text('[access.presets.strong]\nas = "ada@example.com"\naal = 2\n')
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("i", *"strong")
        await until(pilot, "presets")
        await pilot.press("enter")
        await until(pilot, lambda: lens(app) is not None)
        assert str(lens(app)) == "ada@example.com · authenticated · aal2"
        path.write_text("[access.presets.x]\naal = 3\n")
        await pilot.press("i")
        await until(pilot, "access.presets.x names nobody")


async def test_the_picker_works_while_something_slow_is_read(acme: Profile, admin: Admin) -> None:
    app = RowsightApp(acme, table="slow")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "esc cancels")
        await pilot.press("i", *"bert")
        await until(pilot, "Bert Okafor")
        assert "banned" in text(app)
        asleep = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
        assert admin(acme).execute(f"{asleep} and datname = 'acme'").fetchone() == (1,)
        await pilot.press("enter")
        await until(pilot, lambda: lens(app) is not None)


async def test_a_search_that_hangs_is_given_up_with_esc(acme: Profile, admin: Admin) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("i")
        await until(pilot, "anon")
        with admin(acme).transaction():
            admin_ = admin(acme)
            admin_.execute("begin; lock table users in access exclusive mode")
            await write(pilot, "ada")
            await until(pilot, "esc cancels")
            await pilot.press("escape")
            await until(pilot, "cancelled")
            assert isinstance(app.screen, PersonaPicker)
            admin_.execute("rollback")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, PersonaPicker))


async def test_claims_are_judged_while_they_are_typed(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("i")
        for key in (*"ada", "f3"):  # as with enter, the answer is waited for
            app.simulate_key(key)
        await until(pilot, "Claims of ada@example.com")
        editor = app.screen.query_one(Editor)
        assert json.loads(editor.text)["sub"] == cast.ADA
        editor.text = '{"role": 1}'
        await until(pilot, "✕ the claim role is not a text")
        await pilot.press("f3")
        assert isinstance(app.screen, ClaimsEditor)
        editor.text = '{"sub": "auth0|7", "role": "authenticated"}'
        await until(pilot, "⚠ the claim sub is not a uuid")
        await pilot.press("f2")
        await until(pilot, "✓ authenticated · aal2")
        await pilot.press("f3")
        await until(pilot, lambda: lens(app) is not None)
        persona = lens(app)
        assert persona is not None
        assert (persona.user_id, persona.aal) == ("auth0|7", "aal2")
        # They are edited on from what they are, not from what they were.
        await pilot.press("i")
        await until(pilot, "now")
        await pilot.press("f3")
        await until(pilot, "auth0|7")


async def test_why_from_a_place_says_the_true_cause(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, ADA)
        await go(pilot, INVOICE_SYNC)
        await until(pilot, "the server agrees ✓")
        shown = text(app)
        assert "○ hidden, silently: no error" in shown
        assert "public.workflows · Invoice sync" in shown
        assert "↳ Globex is not in {Acme}" in shown
        assert "carol@example.com: member.removed on 2026-02-20 16:58 UTC" in shown
        await pilot.press("y")
        assert app.clipboard.startswith('insert into "public"."organization_members"')
        await pilot.press("Y")
        assert "hidden from ada@example.com" in app.clipboard


async def test_a_question_waits_for_somebody_to_look_as(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await go(pilot, INVOICE_SYNC)
        await until(pilot, "Nobody is chosen yet.")
        assert "workflows" in text(app)
        await pilot.press("i", *"ada@example.com", "enter")
        await until(pilot, "hidden, silently")
        # Through other eyes the same question is put again.
        await pilot.press("i", *"service", "enter")
        await until(pilot, "✓ visible")
        assert "Why can service_role see this row?" in text(app)


async def test_a_row_is_named_in_the_pane(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, ADA)
        await pilot.press("w", "enter")
        await until(pilot, "About which row?")
        await until(pilot, lambda: app.screen.query_one("#why-table", Input).suggester)
        await pilot.press(*"workf")
        await until(pilot, lambda: app.screen.query_one("#why-table", Input)._suggestion)
        await pilot.press("right", "enter")
        assert app.screen.query_one("#why-table", Input).value == "workflows"
        await pilot.press(*"id=", "enter")
        await until(pilot, lambda: "About which row?" not in text(app))
        await until(pilot, "✕ the key does not suit public.workflows: invalid input syntax")
        assert "or name the row by another column" in text(app)
        await pilot.press("enter", *cast.PAYROLL_EXPORT, "enter")
        await until(pilot, "✓ visible")
        assert "Nightly import" in text(app)


async def test_other_commands_are_asked_about_by_a_key(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, ADA)
        await go(pilot, INVOICE_SYNC)
        await until(pilot, "hidden, silently")
        await pilot.press("x")
        await until(pilot, "the delete does nothing for ada@example.com, without an error")
        await pilot.press("u")
        await until(pilot, "Changes to a row of public.workflows")
        app.screen.query_one(Editor).text = '{"name": '
        await until(pilot, "✕ the row is not JSON")
        app.screen.query_one(Editor).text = '{"name": "x"}'
        await pilot.press("f3")
        await until(pilot, "the update does nothing for ada@example.com, without an error")
        await pilot.press("n")
        await until(pilot, "A row to insert into public.workflows")
        draft = json.loads(app.screen.query_one(Editor).text)
        assert draft == {"userId": cast.ADA, "name": ""}
        draft["userId"] = cast.BERT
        app.screen.query_one(Editor).text = json.dumps(draft)
        await pilot.press("f3")
        await until(pilot, "⊘ denied, with an error")
        assert "new row violates row-level security policy" in text(app)
        assert "without RETURNING" not in text(app)
        await pilot.press("v")
        await until(pilot, "a new row, without RETURNING")
        await until(pilot, "⊘ denied, with an error")
        await pilot.press("v")
        await until(pilot, lambda: "without RETURNING" not in text(app))
        await pilot.press("s")
        await until(pilot, "hidden, silently")
        assert app.screen.query_one(WhyView).question == replace(
            app.screen.query_one(WhyView).question,  # type: ignore[type-var]
            command=Command.SELECT,
        )


async def test_what_breaks_out_is_withheld(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, ADA)
        await go(pilot, WhyPlace("public.leaky", (("id", "1"),), ANON))
        await until(pilot, "Result withheld: containment broken.")
        await until(pilot, 'create role "rowsight_preview" login noinherit')
        assert "visible" not in text(app)
        await pilot.press("d")
        await until(pilot, "the role became postgres")
        await pilot.press("escape")
        # The connection is made anew for the next question.
        await go(pilot, INVOICE_SYNC)
        await until(pilot, "hidden, silently")


async def test_a_row_that_is_not_there_and_a_policy_that_raises(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, ADA)
        await go(pilot, WhyPlace("public.readings", (("id", "1"),)))
        await until(pilot, "⊘ denied, with an error")
        assert "division by zero" in text(app)
        await go(pilot, WhyPlace("public.readings", (("id", "9"),)))
        await until(pilot, "has no such row")
        assert "division by zero" not in text(app)


async def test_somebody_is_shown_before_being_looked_as(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await go(pilot, PersonPlace("bert@example.com"))
        await until(pilot, "What is seen")
        assert "⚠ banned" in text(app)
        assert lens(app) is None
        await pilot.press("enter")
        await until(pilot, lambda: lens(app) is not None)
        await pilot.press("f2")
        await until(pilot, "bert@example.com · authenticated · aal2")
        await pilot.press("y")
        assert json.loads(app.clipboard)["sub"] == cast.BERT


async def test_previews_start_from_the_login_that_the_profile_names(
    acme: Profile, admin: Admin
) -> None:
    database = admin(acme)
    database.execute("create role peeping login noinherit; grant anon, authenticated to peeping")
    try:
        app = RowsightApp(replace(acme, preview_user="peeping"), tab=1)
        async with app.run_test(size=(80, 24)) as pilot:
            await ready(pilot, ADA)
            await until(pilot, "What is seen")
            await pilot.press("end")
            await until(pilot, "peeping, which is no superuser")
            await go(pilot, INVOICE_SYNC)
            await until(pilot, "the server agrees ✓")
            users = "select distinct usename from pg_stat_activity where application_name like %s"

            def starts() -> list[Any]:
                return database.execute(users, ("rowsight access preview%",)).fetchall()

            await until(pilot, lambda: ("peeping",) in starts())
    finally:
        database.execute("drop role peeping")


async def test_a_preview_login_that_does_not_get_in_is_named(guarded: Profile) -> None:
    profile = replace(guarded, password=Secret("open sesame"), preview_user="bob")
    app = RowsightApp(profile, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, ADA)
        await until(pilot, "the preview login bob does not get in")
        # What the login's own connections need is not disturbed by that.
        await pilot.press("t")
        await until(pilot, lambda: "the preview login" not in text(app))


async def test_the_three_numbers_of_a_lens_fit_eighty_columns(acme: Profile) -> None:
    app = RowsightApp(acme)
    async with app.run_test(size=(80, 24)) as pilot:
        workspace = app.screen_stack[0]
        assert isinstance(workspace, Workspace)
        await until(pilot, lambda: workspace.status.server is not None)
        await go(pilot, TablePlace("public.workflows"))
        await until(pilot, "1 of 2")
        workspace.action_adopt(ADA)
        three = r"public\.workflows  2 rows · ada sees 1 · 1 of 2 on screen +1 of 2  \d\d:"
        await until(pilot, lambda: re.search(three, text(app)))
        assert "as ada@example.com " in lines(app)[0]


async def test_where_people_are_a_view_an_id_still_does(plain_db: Profile, admin: Admin) -> None:
    admin(plain_db).execute(f"create view public.users as select '{cast.ADA}'::uuid as id")
    app = RowsightApp(plain_db, tab=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("i")
        await until(pilot, "nobody is signed in")
        await pilot.press(*"ada")
        await until(pilot, "people are not looked for in public.users: it is a view")
        await pilot.press(*["backspace"] * 3, *cast.ADA)
        await until(pilot, "in no table of users")
        await pilot.press("enter")
        await until(pilot, "What is seen")
        await until(pilot, "in    no table of users")
        await go(pilot, WhyPlace("public.users", (("", cast.ADA),)))
        await until(pilot, "rows of public.users have no key")
