"""The headless commands: one file a sub-command, stdout is data, stderr is words."""

from __future__ import annotations


def run(arguments: list[str]) -> int:
    """Runs a command line and returns its exit code."""
    raise NotImplementedError
