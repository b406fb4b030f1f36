"""Who to look as: people, roles and recent personas."""

from __future__ import annotations

from console.access.persona import Persona
from console.ui.connections import Connections
from console.ui.dialogs import Dialog


class PersonaPicker(Dialog[Persona]):
    """Asks whose eyes to look through."""

    heading = "Look as"

    def __init__(self, connections: Connections, lens: Persona | None) -> None:
        super().__init__()
        self.connections = connections
        self.lens = lens
