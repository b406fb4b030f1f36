"""How a command ends before it is done: a signal, or the deadline of `--timeout`.

Both arrive as signals. While a coroutine runs they cancel it, which also cancels what runs
on the server; anywhere else they are raised where the program stands, so that every
`with` on the way out still cleans up.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from console.errors import TimedOut

if TYPE_CHECKING:
    import asyncio

Result = TypeVar("Result")

_GRACE = 1.0
"""Seconds a cancelled command gets to answer before it is left behind."""


class Ended(SystemExit):
    """A signal asked the process to end; the code is 128 + its number, as in a shell."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


class _Arrivals:
    """Where a signal goes. One process has one set of signals, hence one of these."""

    def __init__(self) -> None:
        self.deliver: Callable[[BaseException], None] | None = None
        self.seconds: float | None = None
        self.first: BaseException | None = None
        self.left_behind = False

    def __call__(self, number: int, frame: object) -> None:
        if self.first is not None:
            return  # the way out has begun; a second one must not cut the cleaning up
        if number == signal.SIGALRM:
            self.first = TimedOut(
                f"the command was not done after {self.seconds:g} s",
                hint="give more time with --timeout, or ask for less",
            )
        else:
            self.first = Ended(number)
        if self.deliver is None:
            raise self.first
        self.deliver(self.first)


_arrivals = _Arrivals()


@contextlib.contextmanager
def signals() -> Iterator[None]:
    """Turns SIGINT, SIGTERM and SIGHUP into `Ended`; one that is ignored stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, _arrivals)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    _arrivals.first = None
    try:
        yield
    finally:
        no_deadline()
        for number, handler in before.items():
            signal.signal(number, handler)


def deadline(seconds: float) -> None:
    """Ends the command with `TimedOut` when it is not done in that many seconds."""
    _arrivals.seconds = seconds
    signal.setitimer(signal.ITIMER_REAL, seconds)


def no_deadline() -> None:
    """Lifts the deadline, for what is meant to stay: the console, a demo that serves."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def serve(announce: Callable[[], None]) -> None:
    """Announces what is ready, then sleeps until SIGINT, SIGTERM or SIGHUP.

    Shells start background jobs with SIGINT ignored; here it counts all the same, or a
    server would stay behind.
    """
    import socket

    signal.signal(signal.SIGINT, _arrivals)
    # Not signal.pause(): what arrives just before the sleep begins would end it no more.
    sleeper, waker = socket.socketpair()
    waker.setblocking(False)
    with sleeper, waker, contextlib.suppress(Ended):
        signal.set_wakeup_fd(waker.fileno())
        try:
            announce()
            while True:
                sleeper.recv(1)
        finally:
            signal.set_wakeup_fd(-1)


@contextlib.contextmanager
def asking() -> Iterator[None]:
    """Lets a signal break a blocking question to the person inside a coroutine."""
    deliver, _arrivals.deliver = _arrivals.deliver, None
    try:
        yield
    finally:
        _arrivals.deliver = deliver


def left_behind() -> bool:
    """Tells whether something may still run that nobody waits for, such as a name lookup."""
    return _arrivals.left_behind


def finish(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine to its end, or to the signal that ends the command.

    When a signal comes first, the work is cancelled and gets one second for it: a server
    that answers cancels its statement in that time, one that does not is left behind.

    Raises:
        Ended: SIGINT, SIGTERM or SIGHUP came.
        TimedOut: The deadline passed.
    """
    import asyncio

    runner = asyncio.Runner()
    try:
        result = runner.run(_first_of(work))
    except BaseException as error:
        if error is _arrivals.first:
            # Closing the loop would wait for its threads, and a name lookup may never return.
            _arrivals.left_behind = True
        else:
            runner.close()
        raise
    runner.close()
    return result


async def _first_of(work: Coroutine[Any, Any, Result]) -> Result:
    import asyncio

    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    end: asyncio.Future[BaseException] = loop.create_future()

    def deliver(failure: BaseException) -> None:
        loop.call_soon_threadsafe(end.set_result, failure)

    _arrivals.deliver = deliver
    both: set[asyncio.Future[Any]] = {task, end}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.wait({task}, timeout=_GRACE)
        if task.done() and not task.cancelled():
            task.exception()  # what it says of being cancelled is not the news
        raise end.result()
    finally:
        _arrivals.deliver = None
