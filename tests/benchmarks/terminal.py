"""Drives a program in a pseudo-terminal and tells when its screen shows something."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pexpect
import pyte


class Terminal:
    """A program on a screen of its own; times are seconds since it was started."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        columns: int = 120,
        lines: int = 40,
        environment: dict[str, str] | None = None,
    ) -> None:
        variables = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        variables.update(environment or {})
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.received = 0
        self.arrived = 0.0
        """When the last output was read, before it was drawn here."""
        self.started = time.perf_counter()
        self.process = pexpect.spawn(
            arguments[0],
            list(arguments[1:]),
            dimensions=(lines, columns),
            env=variables,
            timeout=None,
        )
        self.process.delaybeforesend = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.process.close(force=True)

    @property
    def text(self) -> str:
        """What stands on the screen, one line a row."""
        return "\n".join(self.screen.display)

    def pump(self, seconds: float) -> bool:
        """Takes in what the program writes; False when nothing came within the time."""
        try:
            chunk = self.process.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            raise RuntimeError(f"the program ended; its screen was:\n{self.text}") from None
        self.arrived = time.perf_counter()
        self.received += len(chunk)
        self._stream.feed(chunk)
        return True

    def wait(self, ready: str | Callable[[str], bool], timeout: float = 60.0) -> float:
        """Waits until the screen shows a text, or satisfies a condition.

        Returns:
            Seconds since the program was started.

        Raises:
            TimeoutError: With the screen as it was.
        """
        deadline = time.perf_counter() + timeout
        looked = False
        while time.perf_counter() < deadline:
            if self.pump(0.005) or not looked:
                looked = True  # what is waited for may be there already
                text = self.text
                if (ready in text) if isinstance(ready, str) else ready(text):
                    return time.perf_counter() - self.started
        raise TimeoutError(f"the screen never showed {ready!r}:\n{self.text}")

    def time_to(self, ready: str, timeout: float = 60.0) -> float:
        """Waits as `wait` does, but draws only when the program pauses, piece by piece.

        To draw takes this emulator longer than a terminal, and would take the time from the
        program.

        Returns:
            Seconds from the program's start to the output that shows the text.

        Raises:
            TimeoutError: With the screen as it was.
            RuntimeError: The program ended and never showed it.
        """
        descriptor = self.process.child_fd
        ended = False
        while not ended and (begun := time.perf_counter()) < self.started + timeout:
            pieces = []
            while time.perf_counter() < begun + 1 and select.select([descriptor], [], [], 0.1)[0]:
                try:
                    chunk = os.read(descriptor, 1 << 16)
                except OSError:
                    ended = True
                    break
                pieces.append((time.perf_counter(), chunk))
            shown = None
            for arrived, chunk in pieces:
                self.received += len(chunk)
                self._stream.feed(chunk)
                if shown is None and ready in self.text:
                    shown = arrived
            if shown is not None:
                self.arrived = shown
                return shown - self.started
        if ended:
            raise RuntimeError(f"the program ended; its screen was:\n{self.text}")
        raise TimeoutError(f"the screen never showed {ready!r}:\n{self.text}")

    def press(self, keys: str) -> None:
        """Types keys."""
        self.process.send(keys)

    def stroke(self, keys: str, quiet: float = 0.12, patience: float = 30.0) -> tuple[float, float]:
        """Types keys and waits for the answer; bytes are drawn only after the clock has stopped.

        Args:
            keys: What to type.
            quiet: Seconds without output after which the answer is taken for whole.
            patience: Seconds until the first byte.

        Returns:
            Seconds until the first and until the last byte of the answer.

        Raises:
            TimeoutError: Nothing was written.
        """
        descriptor = self.process.child_fd
        chunks: list[bytes] = []
        started = last = time.perf_counter()
        first = 0.0
        os.write(descriptor, keys.encode())
        while select.select([descriptor], [], [], quiet if chunks else patience)[0]:
            chunks.append(os.read(descriptor, 1 << 16))
            last = time.perf_counter()
            first = first or last
        if not chunks:
            raise TimeoutError(f"no answer to {keys!r}:\n{self.text}")
        self.received += sum(map(len, chunks))
        self._stream.feed(b"".join(chunks))
        return first - started, last - started

    def settle(self, quiet: float = 0.08) -> float:
        """Waits until nothing was written for a while; seconds since the start, less it."""
        while self.pump(quiet):
            pass
        return time.perf_counter() - self.started - quiet

    def megabytes(self, *, peak: bool = False) -> float:
        """Resident memory of the program and its children, now or at most."""
        field = "VmHWM" if peak else "VmRSS"
        total = 0
        pending = [self.process.pid]
        while pending:
            pid = pending.pop()
            try:
                status = Path(f"/proc/{pid}/status").read_text()
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
            except OSError:
                continue
            pending += [int(child) for child in children.split()]
            total += sum(
                int(line.split()[1]) for line in status.splitlines() if line.startswith(field)
            )
        return total / 1024
