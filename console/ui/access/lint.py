"""The view `lint` of the access pane: access checked by rules, each finding with what mends it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.content import Content

from console.ui import words
from console.ui.access.view import View
from console.ui.places import Place
from console.ui.widgets.findings import Finding, Findings
from console.ui.widgets.sql import highlighted
from console.visible import visible, visible_lines

if TYPE_CHECKING:
    from console.access import lint

STYLES = {"error": "$error", "warning": "$warning", "info": "$muted"}


class LintView(View):
    """Findings by severity; what is found depends on nobody's eyes."""

    needs_persona: ClassVar[bool] = False

    def body(self) -> ComposeResult:
        """Yields list and detail."""
        yield Findings()

    def take_focus(self) -> None:
        """Puts the focus on the list."""
        if self.has_body:
            self.query_one(Findings).take_focus()
        else:
            super().take_focus()

    def look(self, place: Place | None = None) -> None:
        """Checks once; `r` checks again."""
        if not self.has_body:
            self._check()

    def action_again(self) -> None:
        """Checks again."""
        self._check()

    def _check(self) -> None:
        async def question() -> list[lint.Finding]:
            from console.access.lint import lint

            return await lint(await self.login())

        if not self.has_body:
            self.say(Content.styled("Checking who may do what, by the rules.", "$muted"))
        self.ask("checking access", question, self._take)

    def _take(self, found: list[lint.Finding]) -> None:
        from console.access.lint import RULES

        rules = words.plural(len(RULES), "rule")
        self.caption.right = Content.styled(words.clock(), "$muted")
        if not found:
            self.caption.left = Content.assemble(("✓ Nothing found", "bold $success"), f"  {rules}")
            self.say(Content("No rule is broken: nothing has to be mended."))
            return
        grave = [finding for finding in found if finding.severity != "info"]
        verdict = (
            Content.assemble((f"✕ {words.plural(len(grave), 'finding')}", "bold $error"))
            if any(finding.severity == "error" for finding in grave)
            else Content.assemble((f"! {words.plural(len(grave), 'finding')}", "bold $warning"))
            if grave
            else Content.assemble(("✓ Nothing to mend", "bold $success"))
        )
        counts = [
            Content.assemble((words.count(number), f"bold {style}"), f" {severity}")
            for severity, style in STYLES.items()
            if (number := sum(finding.severity == severity for finding in found))
        ]
        self.caption.left = Content("  ").join([verdict, *counts, Content.styled(rules, "$muted")])
        self.query_one(Findings).show([_listed(finding) for finding in found])
        self.show_body()


def _listed(finding: lint.Finding) -> Finding:
    style = STYLES[finding.severity]
    return Finding(
        group=f"{finding.severity} · {finding.rule.title}",
        mark=finding.severity,
        kind="",
        name=finding.identity,
        style=style,
        detail=partial(_detail, finding),
        sql=finding.mend,
        heading=style,
    )


def _detail(finding: lint.Finding, width: int) -> Content:
    style = STYLES[finding.severity]
    parts = [
        Content.assemble(
            (f"{finding.severity}  ", f"bold {style}"), (visible(finding.rule.title), "bold")
        ),
        Content.assemble((visible(finding.identity), "bold"), f"\n{visible(finding.message)}"),
        Content.assemble(("why it matters", "bold $muted"), f"\n{visible(finding.rule.why)}"),
    ]
    if finding.mend:
        mend = highlighted(visible_lines(finding.mend))
        parts.append(Content.assemble(("what mends it", "bold $muted"), "\n", mend))
    return Content("\n\n").join(parts)
