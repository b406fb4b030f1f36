"""What the health pane is told by its workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from console.errors import ConsoleError
    from console.operations.backends import Ending
    from console.operations.health import FunctionRows, Pulse, Survey
    from console.ui.health.ending import How


@dataclass
class Beat(Message):
    """The pulse was taken."""

    pulse: Pulse
    at: str


@dataclass
class Surveyed(Message):
    """What changes slowly was read."""

    survey: Survey
    at: str


@dataclass
class Answered(Message):
    """The schema's functions have returned."""

    functions: FunctionRows
    at: str


@dataclass
class Ended(Message):
    """A session was asked to end."""

    how: How
    ending: Ending


@dataclass
class Failed(Message):
    """Something could not be read or done; `job` is `settings`, `pulse`, `survey` or `end`."""

    job: str
    error: ConsoleError
