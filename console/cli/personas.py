"""`--as`, `--claims` and `--aal`: from what was typed to personas, and both sides of a preview."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from console.cli.connecting import session
from console.connection.profile import Audit
from console.errors import UsageError

if TYPE_CHECKING:
    from console.access.impersonation import Preview
    from console.access.persona import Persona
    from console.connection.session import Session

_PRESET = "preset:"


@dataclass(frozen=True, slots=True)
class Typed:
    """One `--as` with what belongs to it."""

    name: str
    claims: str | None = None
    aal: int | None = None


class _As(argparse.Action):
    """Collects personas; `--claims` and `--aal` belong to the `--as` before them."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        typed: list[Typed] = list(getattr(namespace, "personas", None) or [])
        match self.dest:
            case "as_":
                typed.append(Typed(values))
            case _ if not typed:
                parser.error(f"{option_string} belongs behind the --as it is for")
            case "claims":
                typed[-1] = replace(typed[-1], claims=values)
            case "aal":
                typed[-1] = replace(typed[-1], aal=values)
        namespace.personas = typed


def add_personas(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say who it is about."""
    group = parser.add_argument_group("persona")
    parser.set_defaults(personas=())
    for option, dest, metavar, words in (
        ("--as", "as_", "PERSONA", "e-mail, user id, anon, service_role, role:NAME or preset:NAME"),
        ("--claims", "claims", "JSON", "claims to merge over those of the --as before it"),
    ):
        group.add_argument(
            option, dest=dest, metavar=metavar, action=_As, help=words, default=argparse.SUPPRESS
        )
    group.add_argument(
        "--aal",
        metavar="1|2",
        action=_As,
        type=int,
        choices=(1, 2),
        default=argparse.SUPPRESS,
        help="signed in with one factor or with two",
    )


def typed(options: argparse.Namespace, least: int = 1, most: int | None = 1) -> list[Typed]:
    """Returns the personas that were typed, presets looked up.

    Raises:
        UsageError: They are too few or too many, or a preset is not there.
    """
    given: Sequence[Typed] = options.personas
    if len(given) < least or (most is not None and len(given) > most):
        wanted = {1: "one persona", 2: "two personas"}.get(least, f"{least} personas")
        more = " or more" if most is None else ""
        raise UsageError(
            f"this takes {wanted}{more}", hint="give --as PERSONA, such as --as ada@example.com"
        )
    return [_looked_up(one) for one in given]


def _looked_up(one: Typed) -> Typed:
    if not one.name.startswith(_PRESET):
        return one
    from console.access.presets import load_presets
    from console.connection.config import section

    name = one.name.removeprefix(_PRESET)
    presets = {preset.preset: preset for preset in load_presets(section("access"))}
    if name not in presets:
        known = ", ".join(sorted(presets)) or "none"
        raise UsageError(
            f"there is no preset {name}", hint=f"[access.presets.NAME]; known: {known}"
        )
    found = presets[name]
    return Typed(found.name, one.claims or found.claims, one.aal or found.aal)


async def resolved(login: Session, wanted: Sequence[Typed]) -> list[Persona]:
    """Makes the personas.

    Raises:
        NotFound: There is nobody of a name.
        UsageError: A name or claims don't parse.
    """
    from console.access.people import resolve
    from console.access.persona import labelled

    return labelled(
        [await resolve(login, one.name, claims=one.claims, aal=one.aal) for one in wanted]
    )


@contextlib.asynccontextmanager
async def sides(
    options: argparse.Namespace, purpose: str, *, warn: bool = True
) -> AsyncIterator[tuple[Session, Preview]]:
    """Opens the login's session and the preview beside it.

    Where the profile names a preview login, that one is used.

    Args:
        options: The command's.
        purpose: What the connections are for.
        warn: Whether to say that previews start from a superuser; what tells it in its own
            notes need not.

    Raises:
        CannotConnect: Nobody answers, or not to us.
    """
    from console.access.impersonation import preview
    from console.cli import diagnostics

    async with session(options, purpose) as login, preview(login) as acting:
        if login.profile.audit is Audit.DATABASE:
            from console.access.looks import Looks

            acting.on_look = Looks(lambda: login.another("audit", read_only=False), diagnostics.say)
        if warn and acting.warning:
            diagnostics.say(f"rowsight: {acting.warning}")
        yield login, acting
