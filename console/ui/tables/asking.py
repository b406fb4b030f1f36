"""A view that asks the server: one question at a time, which esc cancels."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.worker import Worker, WorkerState

from console.errors import ConsoleError
from console.ui.connections import Connections, end_worker
from console.ui.tables.view import View
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from console.connection.session import Session

Answer = TypeVar("Answer")


class AskingView(View):
    """What its questions share: the caption counts the seconds, what was shown stays.

    Args:
        connections: Where to ask.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "detail", "Detail of the error")]

    @dataclass
    class Answered(Message):
        """An answer came, or a failure in its stead; an older question's is dropped."""

        number: int
        take: Callable[[], Awaitable[None] | None]
        error: ConsoleError | None = None

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self.connections = connections
        self.held: Session | None = None
        """The connection that is cut where the server no longer hears that it should stop."""
        self._job: Worker[None] | None = None
        self._number = 0

    @property
    def is_busy(self) -> bool:
        """Whether something is asked."""
        return self._job is not None

    def ask(
        self,
        doing: str,
        question: Callable[[], Awaitable[Answer]],
        take: Callable[[Answer], None] | Callable[[Answer], Awaitable[None]],
        failed: Callable[[ConsoleError], Awaitable[None] | None] | None = None,
    ) -> None:
        """Asks, and hands the answer on; a question that was still open is given up.

        Args:
            doing: What the caption says as long as it takes.
            question: Runs beside the screen and must leave its widgets alone.
            take: Is given the answer.
            failed: Is given the failure; without it the caption tells of it.
        """
        self._number += 1
        number = self._number

        async def work() -> None:
            try:
                answer = await question()
            except ConsoleError as error:
                tell = partial(failed or self.tell, error)
                self.post_message(self.Answered(number, tell, error))
            else:
                self.post_message(self.Answered(number, partial(take, answer)))

        self.caption.busy(doing)
        self._job = self.run_worker(work(), exclusive=True, group="ask")
        self.refresh_bindings()

    @on(Answered)
    async def _answered(self, message: Answered) -> None:
        message.stop()
        if message.number == self._number and self._job is not None:
            self._job = None
            self.caption.rest()
            self.error = message.error
            taken = message.take()
            if taken is not None:
                await taken
            self.refresh_bindings()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says so when a question was cancelled, unless another has taken its place."""
        if event.worker is self._job and event.state is WorkerState.CANCELLED:
            event.stop()
            self._job = None
            self.caption.rest()
            self.remark(Content.styled("cancelled", "$warning"))
            self.cancelled()
            self.refresh_bindings()

    @on(Lines.Moved)
    def _kept_here(self, message: Lines.Moved) -> None:
        # What happens in a list of this view is nothing to the list of tables.
        message.stop()

    def cancelled(self) -> None:
        """Called when a question was cancelled."""

    def tell(self, error: ConsoleError) -> None:
        """Says in the caption what failed; what was shown stays."""
        detail = ("  d detail", "$muted")
        self.remark(Content.assemble(("✕ ", "$error bold"), visible(error.message), detail))

    def stop(self) -> None:
        """Cancels what runs, on the server too."""
        if self._job is not None:
            self.run_worker(end_worker(self._job, self.held), group="stop")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers a detail where something failed."""
        return action != "detail" or self.error is not None

    def action_detail(self) -> None:
        """Shows what the server said."""
        from console.ui.dialogs import ErrorDetail

        if self.error is not None:
            self.app.push_screen(ErrorDetail(self.error))
