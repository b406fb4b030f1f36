"""Where a connection leads, in the form people write: user, host, port and database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Destination(NamedTuple):
    """Where a connection leads.

    Attributes:
        user: '' where nobody has said.
        address: Each host with its port, where that is not the usual one; `local` for a socket.
        database: '' where nobody has said.
    """

    user: str
    address: str
    database: str

    def __str__(self) -> str:
        return f"{self.login}{self.address}/{self.database}"

    @property
    def login(self) -> str:
        """The user with an `@`; '' for none."""
        return f"{self.user}@" if self.user else ""


def destination(parameters: Mapping[str, str]) -> Destination:
    """Reads where connection parameters lead."""
    host = parameters.get("host") or parameters.get("hostaddr", "")
    return Destination(
        parameters.get("user", ""),
        address(host, parameters.get("port", "")),
        parameters.get("dbname", ""),
    )


def address(host: str, port: str, *, usual: str = "5432") -> str:
    """Writes hosts with their ports; the usual port is not said.

    A socket's folder says nothing about the database; that it is on this machine does.
    """
    hosts, ports = host.split(","), port.split(",")
    if len(ports) < len(hosts):
        ports = [ports[0]] * len(hosts)
    return ",".join(
        ("local" if not one or one.startswith("/") else one)
        + ("" if number in ("", usual) else f":{number}")
        for one, number in zip(hosts, ports, strict=False)
    )
