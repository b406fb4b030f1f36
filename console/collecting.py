"""When garbage is collected: not on the way to the first rows, and never in what stays."""

from __future__ import annotations

import gc

SETTLED = 2.0
"""Seconds after the first frame by which all that is always needed has been loaded."""


def put_off() -> None:
    """Collects nothing until `begin`: a tenth of the way to the first rows went into it."""
    gc.disable()


def keep() -> None:
    """Takes what is there for good: modules, which are the most of it, and no garbage yet."""
    gc.freeze()


def begin() -> None:
    """Collects what the first screen left behind, and from now on in what comes from now on.

    What is there then stays: looking it through again and again, under a flood of rows, held
    every key up for 60 ms.
    """
    gc.collect()
    gc.freeze()
    gc.enable()
