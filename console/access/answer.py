"""The answer to "why?", as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from console.access import trail
from console.access.doubt import Doubt
from console.access.inquiry import Remedy
from console.access.obstacles import Obstacle
from console.access.persona import Persona
from console.access.rules import Command
from console.access.steps import Step
from console.access.truth import Truth


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a policy's expression, with what it came to.

    Attributes:
        joined: `and`, `or` or `not` for what has parts of its own below it, else `leaf`.
        depth: How deep it stands; 0 is the whole expression.
        value: `true`, `false`, `null` or `error`.
        note: Why it is not as it should be, where that is known.
    """

    expression: str
    joined: str
    depth: int
    value: str
    error: str
    note: str


@dataclass(frozen=True, slots=True)
class Tested:
    """A policy that was asked.

    Attributes:
        command: What the policy is for, `all` included.
        kind: `permissive` or `restrictive`.
        applies: Whether it is made for the persona's role.
        clause: `using` or `check`.
        row: `old` for the row as it is, `new` as it would become.
        value: `true`, `false`, `null` or `error`.
        parts: The expression taken apart, parents first.
    """

    name: str
    command: str
    kind: str
    roles: tuple[str, ...]
    applies: bool
    clause: str
    row: str
    expression: str
    value: str
    error: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A table or function that policies read besides the row."""

    kind: Literal["table", "function"]
    name: str
    standing: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to "why?".

    Attributes:
        label: What people call the row, such as its name; empty where that is not known.
        allowed: Whether the row is seen, or the command passes every check of access; None
            where that can't be told.
        effect: `visible`, `hidden` (silently), `allowed`, `denied` (with an error), `unknown`.
        doubt: Why it is not certain, or None where it is. With `allowed` False it depends on
            the server's order whether nothing happens or an error.
        sentence: What happens and why, for a person.
        steps: The way to the answer, in the server's order.
        policies: Those that were asked.
        ground_truth: What the server itself says.
        remedies: Changes that would allow it.
        obstacles: Constraints that would stop it although it is allowed.
        history: What logs tell about it, the newest first.
        reads: What the policies look at besides the row.
        notes: What limits this answer.
        elapsed: Seconds.
    """

    persona: Persona
    table: str
    label: str
    command: Command
    allowed: bool | None
    effect: str
    doubt: Doubt | None
    sentence: str
    steps: tuple[Step, ...]
    policies: tuple[Tested, ...]
    ground_truth: Truth
    remedies: tuple[Remedy, ...]
    obstacles: tuple[Obstacle, ...]
    history: tuple[trail.Entry, ...]
    reads: tuple[Read, ...]
    notes: tuple[str, ...]
    elapsed: float

    @property
    def certain(self) -> bool:
        """Whether all of it can be told."""
        return self.doubt is None
