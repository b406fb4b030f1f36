"""A persona: a database role, and the claims its requests would carry."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn
from uuid import NAMESPACE_URL, UUID, uuid5

from console.access.expression import sendable
from console.errors import UsageError

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LONGEST_CLAIMS = 64 * 1024
_TECHNICAL = frozenset({"iat", "exp", "amr", "session_id"})
_LIFETIME = 3600
"""Seconds a token of the sign-in service is good for, as it is set up by default."""


@dataclass(frozen=True, slots=True)
class Named:
    """A persona as somebody typed it.

    Attributes:
        kind: `email`, `id` (of a user) or `role`.
        value: The e-mail, the id, the role's name.
    """

    kind: Literal["email", "id", "role"]
    value: str

    def __str__(self) -> str:
        plain = self.kind != "role" or self.value in ("anon", "service_role")
        return self.value if plain else f"role:{self.value}"


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody a query can run as.

    Attributes:
        label: What people call it; an e-mail where there is one.
        role: The database role, as `SET ROLE` takes it.
        claims_json: The claims of its token, a JSON object.
        named: How to name it again, in a file or on a command line.
    """

    label: str
    role: str
    claims_json: str
    named: Named

    @property
    def claims(self) -> dict[str, Any]:
        """The claims, parsed."""
        claims: dict[str, Any] = json.loads(self.claims_json)
        return claims

    @property
    def user_id(self) -> str | None:
        """The claim `sub`, which `auth.uid()` returns; None for who is nobody."""
        subject = self.claims.get("sub")
        return subject if isinstance(subject, str) else None

    @property
    def aal(self) -> str | None:
        """The authenticator assurance level, `aal1` or `aal2`, where the claims have one."""
        level = self.claims.get("aal")
        return level if isinstance(level, str) else None

    @property
    def unusual(self) -> tuple[str, ...]:
        """The role and the assurance level, where they are not the ones a user usually has."""
        usual = ("authenticated", self.label, self.label.removeprefix("role:"))
        role = () if self.role in usual else (self.role,)
        level = () if self.aal in (None, "aal1") else (self.aal,)
        return (*role, *level)

    def __str__(self) -> str:
        """The persona as the header says it: `ada@example.com · authenticated · aal1`."""
        return " · ".join(dict.fromkeys(filter(None, (self.label, self.role, self.aal))))


def parse_named(text: str) -> Named:
    """Reads a persona's name: an e-mail, a user's id, `anon`, `service_role`, `role:NAME`.

    Raises:
        UsageError: It is none of these.
    """
    text = sendable(text.strip(), "the persona's name")
    if text.startswith("role:"):
        return Named("role", checked_role(text.removeprefix("role:").strip()))
    if text in ("anon", "service_role"):
        return Named("role", text)
    if text == "authenticated":
        raise UsageError(
            "authenticated is a role, not a person",
            hint="name somebody by e-mail or id, or write role:authenticated for nobody's token",
        )
    if _EMAIL.fullmatch(text):
        return Named("email", text)
    if text and not any(map(str.isspace, text)):
        return Named("id", text)
    raise UsageError(
        f"{text!r} names no persona",
        hint="write an e-mail, a user's id, anon, service_role or role:NAME",
    )


def checked_role(name: str) -> str:
    """Returns a role's name if it can be one.

    `none` is not: `SET ROLE none` means the login role itself.

    Raises:
        UsageError: It can't.
    """
    if not name or len(sendable(name, "the role").encode()) > 63 or name.lower() == "none":
        raise UsageError(f"{name!r} is not a role's name", hint="psql's \\du lists the roles")
    return name


def is_uuid(text: str) -> bool:
    """Tells whether a text is a uuid as the server writes it, in either case."""
    return _UUID.fullmatch(text) is not None


def of_role(role: str, *, now: int = 0) -> Persona:
    """Makes the persona of a role with nobody behind it.

    `anon` and `service_role` come with the claims of the project's two keys, any other role
    with its name alone.

    Args:
        role: The role's name.
        now: Seconds since 1970, by the server's clock.
    """
    claims: dict[str, Any] = {"role": checked_role(role)}
    if role in ("anon", "service_role"):
        claims |= {"iss": "supabase", "iat": now, "exp": now + 10 * 365 * 86400}
    named = Named("role", role)
    return Persona(str(named), role, _compact(claims), named)


def of_user(
    user_id: str,
    *,
    email: str | None = None,
    phone: str | None = None,
    role: str = "authenticated",
    app_metadata: Mapping[str, Any] | None = None,
    user_metadata: Mapping[str, Any] | None = None,
    anonymous: bool = False,
    now: int = 0,
    issuer: str = "http://localhost/auth/v1",
) -> Persona:
    """Makes the persona of a user, with the claims the sign-in service would issue.

    Args:
        user_id: The claim `sub`; a text of any form where sign-in is somebody else's.
        email: May be missing, as for a guest.
        phone: Likewise.
        role: The database role the token names.
        app_metadata: What the service says of the user; by default that he signed in by e-mail.
        user_metadata: What the user says of himself.
        anonymous: Whether he signed in as a guest.
        now: Seconds since 1970, by the server's clock.
        issuer: The claim `iss`.
    """
    claims = {
        "iss": issuer,
        "sub": user_id,
        "aud": "authenticated",
        "exp": now + _LIFETIME,
        "iat": now,
        "email": email or "",
        "phone": phone or "",
        "app_metadata": dict(app_metadata or {"provider": "email", "providers": ["email"]}),
        "user_metadata": dict(user_metadata or {}),
        "role": role,
        "aal": "aal1",
        "amr": [{"method": "anonymous" if anonymous else "password", "timestamp": now}],
        "session_id": str(uuid5(NAMESPACE_URL, f"rowsight:{user_id}")),
        "is_anonymous": anonymous,
    }
    named = Named("email", email) if email else Named("id", user_id)
    return Persona(email or user_id, role, _compact(claims), named)


def with_aal(persona: Persona, level: int) -> Persona:
    """Returns the persona as signed in with one factor (1) or two (2).

    Raises:
        UsageError: There is no such level.
    """
    if level not in (1, 2):
        raise UsageError(f"there is no assurance level {level}", hint="1 or 2")
    claims = persona.claims
    methods = [entry for entry in claims.get("amr") or () if _method(entry) != "totp"]
    if level == 2:
        methods.append({"method": "totp", "timestamp": claims.get("iat", 0)})
    return replace(persona, claims_json=_compact(claims | {"aal": f"aal{level}", "amr": methods}))


def _method(entry: object) -> object:
    return entry.get("method") if isinstance(entry, dict) else entry


def labelled(personas: Sequence[Persona]) -> list[Persona]:
    """Gives personas labels of their own, where the same person comes with other claims.

    What is the same in everything keeps its label, so that it can be refused.
    """
    labels = Counter(persona.label for persona in personas)
    return [
        replace(persona, label=_told(persona, personas)) if labels[persona.label] > 1 else persona
        for persona in personas
    ]


def _told(persona: Persona, personas: Sequence[Persona]) -> str:
    """Adds to a label the claims that are not the same in all that share it."""
    same = [other.claims for other in personas if other.label == persona.label]
    claims = persona.claims
    said = [
        f"{name} {value if isinstance(value, str) else json.dumps(value)}"
        for name, value in claims.items()
        if name not in _TECHNICAL and any(other.get(name) != value for other in same)
    ]
    return " · ".join([persona.label, *said])


def with_claims(persona: Persona, text: str) -> Persona:
    """Merges claims over the persona's own: objects key by key, null removes a claim.

    The claim `role` decides the database role, as it does for a real request.

    Args:
        persona: Whose claims to change.
        text: A JSON object.

    Raises:
        UsageError: The text is no such object, or its role can't be one.
    """
    return _with(persona, _merged(persona.claims, parse_claims(text)))


def replace_claims(persona: Persona, text: str) -> Persona:
    """Gives the persona these claims and no other, as an editor leaves them.

    Raises:
        UsageError: The text is no JSON object, or its role can't be one.
    """
    return _with(persona, parse_claims(text))


def _with(persona: Persona, claims: dict[str, Any]) -> Persona:
    role = claims.get("role", persona.role)
    if not isinstance(role, str):
        raise UsageError("the claim role is not a text", hint="it names the database role")
    return replace(
        persona,
        label=_relabelled(persona, claims),
        role=checked_role(role),
        claims_json=_compact(claims),
    )


def _relabelled(persona: Persona, claims: Mapping[str, Any]) -> str:
    """Returns what to call a persona with other claims: by the claim sub, where that is another."""
    was, now = persona.claims.get("sub"), claims.get("sub")
    if was is None or was == now:
        return persona.label
    email = claims.get("email")
    if isinstance(email, str) and email and email != persona.claims.get("email"):
        return email
    return "nobody" if now is None else f"sub {now if isinstance(now, str) else json.dumps(now)}"


def parse_claims(text: str) -> dict[str, Any]:
    """Reads claims that somebody typed.

    Raises:
        UsageError: The text is not a JSON object that a server would take.
    """
    if len(text) > _LONGEST_CLAIMS:
        raise UsageError("these claims are too long for any token", hint="64 KB at most")
    try:
        claims = json.loads(text, parse_constant=_no_constant)
        _compact(claims).encode()
    except json.JSONDecodeError as error:
        raise UsageError(
            f"the claims are not JSON: {error.msg}, line {error.lineno} column {error.colno}",
            hint='write an object such as {"aal": "aal2"}',
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            "the claims are not JSON that the server takes",
            hint="no NaN, no half characters, no endless nesting",
        ) from error
    if not isinstance(claims, dict):
        raise UsageError("claims are a JSON object", hint='such as {"aal": "aal2"}')
    if _holds_zero(claims):
        raise UsageError("the claims hold a zero character", hint="the server refuses \\u0000")
    return claims


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _holds_zero(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_zero(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(map(_holds_zero, value))
    return isinstance(value, str) and "\0" in value


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        else:
            result[key] = value
    return result


def told_apart(persona: Persona, others: Sequence[Persona]) -> Persona | None:
    """Gives a persona a label that none of the others has; None if it is one of them."""
    named = labelled([*others, persona])[-1]
    return None if any(named.label == other.label for other in others) else named


def remarks(persona: Persona) -> tuple[str, ...]:
    """Says what is odd about a persona's claims: they would be taken, but mean something."""
    claims = persona.claims
    odd = []
    subject = claims.get("sub")
    if persona.role == "authenticated" and subject is None:
        odd.append("no claim sub: auth.uid() is null, as if nobody had signed in")
    if isinstance(subject, str) and not _looks_like_uuid(subject):
        odd.append("the claim sub is not a uuid: auth.uid() raises, compare it with auth.jwt()")
    if subject is not None and not isinstance(subject, str):
        odd.append("the claim sub is not a text")
    if claims.get("aal") not in (None, "aal1", "aal2"):
        odd.append("the claim aal is neither aal1 nor aal2")
    return tuple(odd)


def _looks_like_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _compact(claims: Mapping[str, Any]) -> str:
    return json.dumps(claims, ensure_ascii=False, separators=(",", ":"))
