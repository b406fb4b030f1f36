"""A second server that replays the first one's log."""

from __future__ import annotations

import shutil

from console.connection.binaries import Binaries
from console.connection.embedded import EmbeddedServer

__all__ = ["Standby"]


class Standby(EmbeddedServer):
    """A streaming replica of a running server; a context manager like its primary.

    Args:
        primary: A running server, which keeps the log that the standby still needs.
        settings: Of the standby, such as `recovery_min_apply_delay`.
        slot: The name of a replication slot to make on the primary and to use.
    """

    def __init__(
        self,
        primary: EmbeddedServer,
        *,
        settings: dict[str, str] | None = None,
        slot: str | None = None,
    ) -> None:
        super().__init__(binaries=primary.binaries, settings=settings)
        self.primary = primary
        self.slot = slot

    def _create(self, binaries: Binaries) -> None:
        fresh = self.data.with_name("data.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        self._account.own(fresh)
        command = [str(binaries.folder / "pg_basebackup"), "-d", self.primary.dsn()]
        command += ["-D", str(fresh), "-R", "-X", "stream", "-c", "fast", "--no-sync"]
        if self.slot is not None:
            command += ["-C", "-S", self.slot]
        if self._spawn(command).wait() != 0:
            raise self._failure("the primary could not be copied")
        fresh.rename(self.data)
