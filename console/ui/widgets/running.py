"""How far something is that works in batches; the clock goes on while it has nothing to tell."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from console.ui import words
from console.ui.trouble import keys
from console.ui.widgets.charts import track
from console.visible import visible

if TYPE_CHECKING:
    from console.operations.pace import Progress

_STATES = {
    "working": ("●", "$primary", "working"),
    "waiting": ("◌", "$warning", "waiting for a lock that another session holds"),
    "paused": ("‖", "$warning", "paused: nothing is held meanwhile"),
    "finishing": ("●", "$primary", "putting it on record"),
}


class Running(Widget, can_focus=True):
    """What is done, how fast, and how long it still takes."""

    BINDING_GROUP_TITLE = "Progress"

    state: reactive[Progress | None] = reactive(None)
    stopping: reactive[bool] = reactive(False)
    """It was told to stop, and ends after the batch it is at."""

    paused: reactive[bool] = reactive(False)
    """It was told to wait, and does so after the batch it is at."""

    def __init__(self, stays: str) -> None:
        super().__init__()
        self.stays = stays
        self._began = 0.0

    def begin(self, heading: str) -> None:
        """Starts the clock."""
        self.heading = heading
        self._began = monotonic()
        self.state, self.stopping, self.paused = None, False, False
        self.auto_refresh = 0.25

    def end(self) -> None:
        """Stops the clock."""
        self.auto_refresh = None

    heading = ""

    def render(self) -> Content:
        """Writes where it is."""
        spent = words.duration(monotonic() - self._began)
        lines = [Content.styled(self.heading, "bold"), Content("")]
        if self.state is None:
            lines.append(Content.assemble(("● ", "$primary"), "beginning"))
        else:
            lines += _at(self.state, self.paused, self.size.width)
        lines += [Content(""), Content.assemble((f"{spent} so far", "$muted"))]
        return Content("\n").join([*lines, Content(""), self._hints()])

    def _hints(self) -> Content:
        if self.stopping:
            return Content.assemble(
                ("ends after this batch; ", "$warning"),
                self.stays,
                "   ",
                keys(("esc", "cut it off now: this batch is rolled back")),
            )
        return keys(("p", "goes on" if self.paused else "pauses"), ("esc", "ends after this batch"))


def _at(state: Progress, paused: bool, width: int) -> list[Content]:
    known = "paused" if paused else state.state
    mark, style, word = _STATES.get(known, ("●", "$primary", state.state))
    of = f"   {state.number} of {state.targets}" if state.targets > 1 else ""
    lines = [
        Content.assemble(
            (f"{mark} ", style), (visible(state.target), "bold"), (f"   {word}{of}", "$muted")
        )
    ]
    number = words.count(state.done)
    if state.announced:
        share = state.done / state.announced
        done, left = track(share, max(10, min(60, width - 8)))
        percent = f"  {min(99, int(share * 100)) if share < 1 else 100} %"
        lines.append(Content.assemble((done, "$primary"), (left, "$rule"), percent))
        number = f"{number} of {words.count(state.announced)}"
    facts = [number, f"{words.count(round(state.rate))} a second"]
    if state.eta is not None and known in ("working", "waiting"):
        facts.append(f"{words.duration(state.eta)} left")
    more = [words.plural(state.batches, "batch", "batches")]
    if state.targets > 1:
        more.append(f"{words.count(state.total)} in all")
    return [
        *lines,
        Content("   ").join(map(Content, facts)),
        Content.styled("   ".join(more), "$muted"),
    ]
