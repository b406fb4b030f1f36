"""What a tail has seen already, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable

CAPACITY = 50_000
ANY_TRANSACTION = -1
"""Stands for a row that is known, but not by which transaction it was written."""


class Seen:
    """Known rows of one log by id: which transaction wrote them, and their time.

    Args:
        capacity: How many rows are kept, as far as more may be forgotten.

    Attributes:
        complete_since: Of the rows from this time on (microseconds since 1970) none is missing
            that the tail has delivered or found at its start.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.complete_since = 0
        self._capacity = capacity
        self._trim_above = capacity
        self._rows: dict[str, tuple[int, int | None]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def overfull(self) -> bool:
        """Whether far too much may not be forgotten."""
        return len(self._rows) > 4 * self._capacity

    def get(self, id_: str) -> int | None:
        """Returns the transaction that wrote a row, or None for an unknown row."""
        known = self._rows.get(id_)
        return None if known is None else known[0]

    def add(self, id_: str, transaction: int, time: int | None) -> None:
        """Remembers a row, as the last to be forgotten."""
        self._rows.pop(id_, None)
        self._rows[id_] = (transaction, time)

    def distrust(self) -> None:
        """Keeps the rows, but not who wrote them: another server counts otherwise."""
        self._rows = {id_: (ANY_TRANSACTION, time) for id_, (_, time) in self._rows.items()}

    def since(self, time: int) -> set[str]:
        """Returns the ids of known rows from a time on."""
        return {id_ for id_, (_, at) in self._rows.items() if at is not None and at >= time}

    def trim(self, may_go: Callable[[str, int, int | None], bool], *, again: bool = False) -> None:
        """Forgets the longest known rows, if there are too many.

        Args:
            may_go: Told a row's id, transaction and time; whether the tail can't meet it again.
            again: Whether more rows may go than at the last time.
        """
        if len(self._rows) <= (self._capacity if again else self._trim_above):
            return
        spare = len(self._rows) - self._capacity // 2
        gone: list[str] = []
        for id_, (transaction, time) in self._rows.items():
            if len(gone) == spare:
                break
            if may_go(id_, transaction, time):
                gone.append(id_)
                self.complete_since = max(self.complete_since, (time or 0) + 1)
        for id_ in gone:
            del self._rows[id_]
        # Looked at again only when there are twice as many: what must stay was looked at in vain.
        self._trim_above = max(self._capacity, 2 * len(self._rows))

    def middle(self) -> int:
        """Returns a transaction that half of the rows are older than."""
        transactions = sorted(transaction for transaction, _ in self._rows.values())
        return transactions[len(transactions) // 2]
