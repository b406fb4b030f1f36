"""What stands between a person and something that changes a database: one table.

The screen and the command line both ask it, so that neither is the easy way round. It only
decides; `console.ui.dialogs.question` and `console.cli.consent` do the asking.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from console.connection.profile import Environment


class Demand(IntEnum):
    """What an act needs before it is done, the least first."""

    ALLOW = 0
    ACKNOWLEDGE = 1
    TYPE_THE_NAME = 2
    REFUSE = 3


class Act(StrEnum):
    """What somebody is about to do, by what it could cost.

    LOOK reads. REHEARSE works and rolls back, as a dry run does. CANCEL stops another session's
    statement, and can be made good by running it again; TERMINATE ends the session with its
    transaction. UNLOCK enters write mode. CHANGE makes what another change can undo: a
    migration, a policy, imported rows. ERASE makes rows go for good.
    """

    LOOK = "look"
    REHEARSE = "rehearse"
    CANCEL = "cancel"
    TERMINATE = "terminate"
    UNLOCK = "unlock"
    CHANGE = "change"
    ERASE = "erase"


class Circumstances(NamedTuple):
    """Where it would be done.

    Attributes:
        environment: What the database is to people; UNKNOWN counts as the worst.
        write_mode: Whether the person has said that this session may change things; a
            failover takes that back.
        standby: Whether the server takes no writes.
    """

    environment: Environment
    write_mode: bool = False
    standby: bool = False


_ALLOW, _YES, _NAME, _REFUSE = Demand

_ENVIRONMENTS: Final = (
    *(Environment.DEMO, Environment.DEV, Environment.STAGING),
    *(Environment.PROD, Environment.UNKNOWN),
)
_TABLE: Final[dict[Act, tuple[Demand, ...]]] = {
    #              demo    dev     staging prod    unknown
    Act.LOOK: (_ALLOW, _ALLOW, _ALLOW, _ALLOW, _ALLOW),
    Act.REHEARSE: (_ALLOW, _ALLOW, _ALLOW, _ALLOW, _ALLOW),
    Act.CANCEL: (_YES, _YES, _YES, _YES, _YES),
    Act.TERMINATE: (_YES, _YES, _YES, _NAME, _NAME),
    Act.UNLOCK: (_YES, _YES, _YES, _NAME, _NAME),
    Act.CHANGE: (_YES, _YES, _YES, _NAME, _NAME),
    Act.ERASE: (_NAME, _NAME, _NAME, _NAME, _NAME),
}
_HARMLESS: Final = {Act.LOOK}
_SIGNALS: Final = {Act.CANCEL, Act.TERMINATE}
"""What a standby does as well: no row is written."""
_LOCKED: Final = {Act.UNLOCK, Act.REHEARSE}
"""What is asked for, or done, before write mode is on."""


def decide(act: Act | str, where: Circumstances) -> Demand:
    """Tells what an act needs; one that nobody knows needs what the worst one does."""
    known = _known(act)
    if why_not(known, where):
        return Demand.REFUSE
    column = _ENVIRONMENTS.index(where.environment) if where.environment in _ENVIRONMENTS else -1
    return _TABLE[known][column]


def why_not(act: Act | str, where: Circumstances) -> str:
    """Returns why an act is refused whatever is typed; empty where it is not."""
    known = _known(act)
    if known in _HARMLESS:
        return ""
    if where.standby and known not in _SIGNALS:
        return "this server is a standby and takes no writes"
    if not where.write_mode and known not in _LOCKED:
        return "this connection is read-only"
    return ""


def named_to_write(environment: Environment) -> bool:
    """Tells whether write mode is only had by typing the database's name."""
    return decide(Act.UNLOCK, Circumstances(environment)) is Demand.TYPE_THE_NAME


def _known(act: Act | str) -> Act:
    try:
        return Act(act)
    except ValueError:
        return Act.ERASE
