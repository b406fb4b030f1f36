"""What tries to write or to get out: typed, or stored in the database a preview looks at.

After each attack nothing may have changed: no row, sequence or role, no lock held, no session
ended, and the connection that is left stands for nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from console.access.baseline import Baseline, check
from console.access.comparison import compare
from console.access.decision import why
from console.access.entrance import ContainmentBroken
from console.access.impersonation import Preview
from console.access.matrix import matrix
from console.access.naming import Named
from console.access.people import find_people, resolve
from console.access.persona import Persona, of_role, parse_claims, with_claims
from console.access.rules import Command
from console.access.visibility import count_visible, xray
from console.access.whatif import whatif
from console.browse.count import count_rows
from console.browse.listing import open_listing
from console.catalog.relations import find_relation
from console.errors import ConsoleError, Refused, UsageError
from tests.access.attacks import HARMLESS, REACHING, STORED, TYPED
from tests.access.scene import EVE, Scene
from tests.browse.walk import first_page


async def backend(acting: Preview) -> object:
    """Which backend of the server a preview is connected to."""
    return await acting.batch("select pg_backend_pid()")


@pytest.mark.parametrize("text", TYPED, ids=[repr(text)[:40] for text in TYPED])
async def test_nothing_typed_writes_or_gets_out(scene: Scene, text: str) -> None:
    scene.admin.execute("create policy p on public.prey to authenticated using (id > 2)")
    with contextlib.suppress(ConsoleError):
        async with asyncio.timeout(20):
            answer = await whatif(scene.login, scene.acting, EVE, scene.prey, "p", text)
        assert answer.failing == 5 or text == HARMLESS
    await scene.unharmed()


@pytest.mark.parametrize("text", REACHING, ids=[repr(text)[:40] for text in REACHING])
async def test_what_reaches_more_than_an_answer_is_refused(scene: Scene, text: str) -> None:
    with pytest.raises((Refused, UsageError)) as refusal:
        await whatif(scene.login, scene.acting, EVE, scene.prey, "p", text)
    assert "does not suit" not in refusal.value.message
    assert refusal.value.hint
    await scene.unharmed()


Look = Callable[[Scene, Persona], Any]


async def _look_xray(scene: Scene, persona: Persona) -> Any:
    return await xray(
        scene.login, scene.acting, persona, scene.prey, [(str(n),) for n in range(1, 6)]
    )


async def _look_why(scene: Scene, persona: Persona) -> Any:
    return await why(scene.login, scene.acting, persona, scene.prey, key={"id": "1"})


async def _look_update(scene: Scene, persona: Persona) -> Any:
    return await why(
        scene.login,
        scene.acting,
        persona,
        scene.prey,
        command=Command.UPDATE,
        key={"id": "1"},
        changes={"note": "y"},
    )


async def _look_insert(scene: Scene, persona: Persona) -> Any:
    return await why(
        scene.login,
        scene.acting,
        persona,
        scene.prey,
        command=Command.INSERT,
        row={"id": 9, "note": "y"},
    )


async def _look_count(scene: Scene, persona: Persona) -> Any:
    return await count_visible(scene.acting, persona, scene.prey)


async def _look_page(scene: Scene, persona: Persona) -> Any:
    scene.acting.persona = persona
    return await first_page(scene.acting, scene.prey)


async def _look_all(scene: Scene, persona: Persona) -> Any:
    scene.acting.persona = persona
    return await count_rows(scene.acting, scene.prey)


LOOKS: list[Look] = [
    _look_xray,
    _look_why,
    _look_update,
    _look_insert,
    _look_count,
    _look_page,
    _look_all,
]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.__name__.removeprefix("_look_"))
@pytest.mark.parametrize("function", STORED)
async def test_no_policy_writes_or_gets_out(scene: Scene, function: str, look: Look) -> None:
    scene.admin.execute(
        f"""
        grant execute on all functions in schema public to public;
        create policy p on public.prey to authenticated
          using (public.{function}()) with check (public.{function}())
        """.encode()
    )
    expected = STORED[function]
    before = await backend(scene.acting)
    try:
        await look(scene, EVE)
        failure: ConsoleError | None = None
    except ConsoleError as error:
        failure = error
    if expected is ConsoleError:
        # The server itself may refuse the statement first.
        assert failure is None or isinstance(failure, ContainmentBroken)
    elif expected is not None:
        assert isinstance(failure, expected)
        assert str(failure) == "containment broken: result withheld"
        assert await backend(scene.acting) != before
    else:
        assert not isinstance(failure, ContainmentBroken)
    await scene.unharmed()


async def test_a_policy_that_never_ends_is_ended(scene: Scene) -> None:
    scene.admin.execute(
        "create policy p on public.prey to authenticated using (public.evil_forever())"
    )
    with pytest.raises(ConsoleError):
        async with scene.acting.impersonate(EVE, statement_timeout=0.2) as acting:
            await acting.texts("select * from public.prey")
    await asyncio.sleep(0.5)  # the server notices a closed connection when it next looks
    scene.admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where query ~ 'public.prey' and pid <> pg_backend_pid()"
    )
    assert scene.state() == scene.before


async def test_a_view_that_takes_the_role_back_shows_nothing(scene: Scene) -> None:
    scene.acting.persona = EVE
    with pytest.raises(ContainmentBroken):
        await first_page(scene.acting, await find_relation(scene.login, "public.evil_rows"))
    await scene.unharmed()


async def test_a_default_that_takes_the_role_back_is_noticed(scene: Scene) -> None:
    scene.admin.execute(
        """
        create policy p on public.prey to authenticated using (true);
        alter table public.prey alter note set default public.evil_role()::text
        """
    )
    with pytest.raises(ContainmentBroken):
        await why(scene.login, scene.acting, EVE, scene.prey, command=Command.INSERT, row={"id": 9})
    await scene.unharmed()


HOSTILE = [
    "'; delete from public.ledger; --",
    "1); delete from public.ledger; --",
    "$$; drop table public.ledger; $$",
    "\\'; commit; delete from public.ledger; --",
    "%s %(x)s {} {0} %",
    "x' or '1'='1",
    "\u202e\u200b\x1b[2J",
    "é" * 500,
]


def baseline(named: Named, text: str) -> Baseline:
    """A file that names tables and says of them what it likes."""
    return Baseline(10, ((named, {text: {"select": text}, "public.prey": {"select": text}}),))


async def page_as(scene: Scene, where: str) -> object:
    """Reads a page through the filter bar's language, as somebody."""
    scene.acting.persona = EVE
    listing = await open_listing(scene.acting, scene.prey, where=where)
    return await listing.page(5)


@pytest.mark.parametrize("text", [*HOSTILE, "\0", "\ud800"], ids=lambda text: repr(text)[:20])
async def test_nothing_typed_elsewhere_is_run(scene: Scene, text: str) -> None:
    scene.admin.execute("create policy p on public.prey to authenticated using (note = 'row 1')")
    login, acting, prey = scene.login, scene.acting, scene.prey
    places: list[Callable[[], Any]] = [
        lambda: find_people(login, text),
        lambda: resolve(login, text),
        lambda: resolve(login, f"role:{text}"),
        lambda: why(login, acting, EVE, prey, key={"id": text}),
        lambda: why(login, acting, EVE, prey, key={"note": text}),
        lambda: why(login, acting, EVE, prey, key={text: "1"}),
        lambda: why(login, acting, of_role("anon"), prey, key={"id": "1", "note": text}),
        lambda: why(login, acting, EVE, prey, command=Command.INSERT, row={"id": 7, "note": text}),
        lambda: why(login, acting, EVE, prey, command=Command.INSERT, row={text: 1}),
        lambda: why(
            login, acting, EVE, prey, command=Command.UPDATE, key={"id": "1"}, changes={"id": text}
        ),
        lambda: xray(login, acting, EVE, prey, [(text,)], columns=("note",)),
        lambda: xray(login, acting, EVE, prey, [("1",)], columns=(text,)),
        lambda: whatif(login, acting, EVE, prey, text, "id > 1"),
        lambda: matrix(login, acting, [EVE], tables=[text]),
        lambda: compare(login, acting, EVE, of_role("anon"), tables=[text]),
        lambda: check(login, acting, baseline(Named(text), text)),
        lambda: check(login, acting, baseline(Named("anon", claims=text), text)),
        lambda: resolve(login, "anon", claims=text),
        lambda: find_relation(login, text),
        lambda: page_as(scene, text),
        lambda: page_as(scene, f"note={text}"),
        lambda: page_as(scene, f"note~{text}"),
        lambda: page_as(scene, f'{text}="x"'),
    ]
    failures: list[ConsoleError] = []
    for place in places:
        try:
            await place()
        except ConsoleError as error:
            failures.append(error)
    assert not [f for f in failures if isinstance(f, ContainmentBroken) or f.exit_code == 3]
    await scene.unharmed()


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:20])
async def test_claims_are_text_whatever_they_hold(scene: Scene, text: str) -> None:
    persona = with_claims(EVE, json.dumps({"sub": text, text: [text], "app_metadata": {"x": text}}))
    async with scene.acting.impersonate(persona) as acting:
        found = await acting.texts("select current_setting('request.jwt.claims')")
    assert parse_claims(found.rows[0][0] or "") == persona.claims
    await scene.unharmed()


async def test_a_role_that_is_none_is_nobody(scene: Scene) -> None:
    for name in ("none", "NONE", "None"):
        with pytest.raises(ConsoleError):
            await resolve(scene.login, f"role:{name}")
    persona = Persona("x", "none", "{}", of_role("anon").named)
    with pytest.raises(ContainmentBroken):
        async with scene.acting.impersonate(persona):
            raise AssertionError("it was let in")
    await scene.unharmed()


async def test_a_preview_refuses_to_do_more_than_look(scene: Scene) -> None:
    scene.acting.persona = EVE
    with pytest.raises(ConsoleError):
        await scene.acting.alone("delete from public.ledger")
    for wish in ({"commit": True}, {"read_only": False}):
        with pytest.raises(ConsoleError):
            async with scene.acting.transaction(**wish):  # type: ignore[arg-type]
                raise AssertionError("it was let in")
    scene.acting.persona = None
    with pytest.raises(ConsoleError):
        await scene.acting.texts("select 1")
    await scene.unharmed()
