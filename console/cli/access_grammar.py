"""The grammar of `rowsight access`."""

from __future__ import annotations

from console.cli.parser import AddCommand


def add(command: AddCommand) -> None:
    """Adds the command with its steps and options."""
