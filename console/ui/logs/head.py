"""The two rows over the timeline: how the tail stands, and how much comes."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from console.errors import ConsoleError
from console.logs.live import Live
from console.logs.source import describe_visibility
from console.logs.standing import LONG_OPEN, describe_completeness, describe_problems
from console.ui import words
from console.ui.logs.row import pace, rate
from console.visible import visible

_NAMES = {"privacy_transparency_log": "privacy"}


def standing(live: Live, error: ConsoleError | None) -> Content:
    """Says whether new entries come, and up to when nothing is missing."""
    if error is not None:
        return Content.assemble(
            ("✕ ", "bold $error"), visible(error.message), ("  r tries again", "$muted")
        )
    if live.reconnecting is not None:
        why = live.reconnecting.error.message
        attempt = f"reconnecting, attempt {live.reconnecting.attempt}"
        return Content.assemble(("◌ ", "$warning"), attempt, (f"  {visible(why)}", "$muted"))
    if not live.completeness:
        return Content.assemble(("◌ ", "$warning"), "beginning")
    complete = describe_completeness(live.completeness.values(), live.now)
    mark = ("‖ paused", "bold $warning") if live.timeline.paused else ("● live", "$success")
    late = any(
        one.oldest and live.now - one.oldest > LONG_OPEN for one in live.completeness.values()
    )
    return Content.assemble(mark, (f"  {complete}", "$warning" if late else "$muted"))


def seen_by(live: Live) -> Content:
    """Says which rows one sees, so that an empty log is never misread."""
    if not live.sources:
        return Content("")
    text = describe_visibility(live.sources, live.user)
    if text == "all rows":
        return Content.styled("all rows · UTC", "$muted")
    every = text.startswith("filtered")
    short = text if every else f"partly filtered by RLS as {live.user}"
    return Content.assemble(("▲ ", "bold $warning"), (visible(short), "$warning"))


class Rates(Widget):
    """A line for each log's rate over the last minute, and what is remark at the right."""

    text: reactive[Content] = reactive(Content())

    def render(self) -> Content:
        """Returns what was laid out; painted only where it has changed."""
        return self.text

    def show(self, live: Live) -> None:
        """Lays the rates out in the width there is."""
        remark = self._remark(live)
        room = self.size.width - 2 - (remark.cell_length + 3 if remark else 0)
        sources = [source for source in live.sources if not source.problem]
        names = {source.name: _NAMES.get(source.name, source.name) for source in sources}
        texts = sum(len(name) + 10 for name in names.values())
        cells = max(3, min(30, (room - texts) // max(1, len(names))))
        parts = []
        for source in sources:
            counts = live.rates.read(source.name, live.now)
            parts.append(
                Content.assemble(
                    (f"{names[source.name]} ", "$muted"),
                    (rate(counts, cells), "$primary"),
                    f" {pace(counts):<7}",
                )
            )
        left = Content("  ").join(parts).truncate(max(0, room), ellipsis=True)
        gap = max(1, self.size.width - 2 - left.cell_length - remark.cell_length)
        self.text = Content.assemble(" ", left, " " * gap, remark, " ")

    def _remark(self, live: Live) -> Content:
        if live.changes:
            number = words.plural(live.changes, "entry", "entries")
            return Content.styled(f"~ {number} changed", "bold $error")
        for failure in live.unavailable.values():
            text = f"▲ {failure.source.name}: {failure.error.message}"
            return Content.styled(visible(text), "$warning").truncate(40, ellipsis=True)
        broken = [source for source in live.sources if source.problem]
        for text in describe_problems(broken):
            return Content.styled(f"▲ {visible(text)}", "$warning").truncate(40, ellipsis=True)
        if live.timeline.left and self.size.width >= 100:
            came = sum(live.counts.values())
            return Content.styled(f"{came:,} came, {live.timeline.left:,} above", "$muted")
        return Content("")
