"""Mends in the order in which they can run, as an apply runs them."""

from __future__ import annotations

from collections.abc import Iterable

from console.migration.expected import load_expected
from console.migration.mend import Mender
from console.migration.model import Difference


def in_order(differences: Iterable[Difference]) -> tuple[str, ...]:
    """Returns every mend of some differences from the shipped migration."""
    mender = Mender(load_expected(), owner=None)
    mends = [mend for difference in differences for mend in mender.steps(difference)]
    return tuple(mend.sql for mend in sorted(mends, key=lambda mend: mend.rank))
