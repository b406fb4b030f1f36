"""Forms to write a connection down: by its parts, or as a project of Supabase."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from console.connection.profile import Audit, Environment, Profile, Secret
from console.connection.saving import as_profile, check_name, save_profile
from console.connection.supabase import ABILITIES, Way, parameters
from console.errors import ConsoleError, UsageError
from console.ui.connect.fields import Choice, Row, Spec
from console.ui.connect.specs import CERTIFICATE, NAME, TREATMENT
from console.ui.connect.trial import Trial, Verdict
from console.ui.hints import Hints
from console.ui.trouble import trouble
from console.visible import visible

if TYPE_CHECKING:
    from console.connection.saving import Setting


@dataclass(frozen=True, slots=True)
class Written:
    """What a form was left with: a profile in the file, ready to be opened."""

    name: str
    profile: Profile


class Form(Screen[Written]):
    """Rows to fill in; tried before it is saved.

    Args:
        was: The profile that is changed; None for a new one.
    """

    BINDING_GROUP_TITLE = "Form"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "save", "Try and save", key_display="F2"),
        Binding("f5", "try_it", "Try", key_display="F5"),
        # Before the field takes it: what is typed right behind it belongs to the next row.
        Binding("enter", "move(1)", "Next row", show=False, priority=True),
        Binding("down", "move(1)", "Next row", show=False),
        Binding("up", "move(-1)", "Row before", show=False),
        Binding("escape", "leave", "Back"),
        Binding("f1", "help", "Help", show=False),
    ]

    heading = ""
    specs: tuple[Spec, ...] = ()

    def __init__(self, was: Profile | None = None) -> None:
        super().__init__()
        self.was = was
        self._secret: Secret | None = None

    def compose(self) -> ComposeResult:
        """Lays out heading, rows, and the words about the row with the focus."""
        yield Static(Content(f" {self.heading}"), classes="connect-heading")
        with VerticalScroll(id="form-rows", can_focus=False):
            for spec in self.specs:
                yield Row(spec)
            yield Static(id="form-hint")
            yield Static(id="form-trouble")
        yield Hints()

    def on_mount(self) -> None:
        """Fills in what is known."""
        for key, value in self.known().items():
            self.put(key, value)
        self._say_hint()

    def known(self) -> dict[str, str]:
        """Returns values by the rows' keys."""
        if self.was is None:
            return {}
        import shlex

        return {
            "name": self.was.name,
            "environment": str(self.was.environment),
            "mode": "read-only" if self.was.read_only else "write",
            "password_command": shlex.join(self.was.password_command),
            "keyring": "yes" if self.was.keyring else "no",
            "preview_user": self.was.preview_user,
            "audit": str(self.was.audit),
        }

    def settings(self) -> dict[str, Setting]:
        """Returns what stands in the file for it.

        Raises:
            UsageError: What was typed can't be meant.
        """
        settings: dict[str, Setting] = {}
        if (environment := self.value("environment")) != Environment.UNKNOWN:
            settings["environment"] = environment
        if self.value("mode") == "write":
            settings["read_only"] = False
        if self.value("keyring") == "no":
            settings["keyring"] = False
        if (audit := self.value("audit")) != Audit.JOURNAL:
            settings["audit"] = audit
        for key in ("password_command", "preview_user"):
            if value := self.value(key):
                settings[key] = value
        if self.was is not None:
            times = {
                "connect_timeout": self.was.connect_timeout,
                "statement_timeout": self.was.statement_timeout,
            }
            settings |= {key: times[key] for key in times if times[key] != getattr(Profile(), key)}
        return settings

    def value(self, key: str) -> str:
        """Returns what stands in a row."""
        widget = self.query_one(f"#form-{key}")
        assert isinstance(widget, Input | Choice)
        return widget.value.strip()

    def put(self, key: str, value: str) -> None:
        """Puts a value into a row."""
        widget = self.query_one(f"#form-{key}")
        assert isinstance(widget, Input | Choice)
        if isinstance(widget, Choice) and value not in widget.choices:
            widget.choices.append(value)
        widget.value = value

    def on_descendant_focus(self) -> None:
        """Says what the row is for."""
        self._say_hint()

    def on_choice_turned(self) -> None:
        """What a choice means may depend on it."""
        self._say_hint()

    def _say_hint(self) -> None:
        row = self._row(self.focused)
        if row is not None and self.is_mounted:
            self.query_one("#form-hint", Static).update(self.hint(row.spec))

    def hint(self, spec: Spec) -> Content:
        """Returns the words about a row."""
        return Content.styled(spec.hint, "$muted")

    def _row(self, widget: Widget | None) -> Row | None:
        parent = widget.parent if widget is not None else None
        return parent if isinstance(parent, Row) else None

    def action_move(self, step: int) -> None:
        """Goes to the next row, or the one before."""
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_leave(self) -> None:
        """Leaves without writing anything."""
        self.dismiss(None)

    def action_help(self) -> None:
        """Lists the keys."""
        from console.ui.help import help_on

        self.app.push_screen(help_on(self))

    def _profile(self) -> tuple[Profile, dict[str, Setting]] | None:
        """Reads the form; says what is wrong with it."""
        said = self.query_one("#form-trouble", Static)
        try:
            settings = self.settings()
            name = self.value("name")
            check_name(name)
            made = as_profile(name, settings)
        except ConsoleError as error:
            said.update(trouble(error))
            return None
        said.update(Content(""))
        return replace(made, password=self._secret), settings

    def action_try_it(self) -> None:
        """Tries what stands in the form; nothing is written."""
        if (read := self._profile()) is not None:
            self.app.push_screen(Trial(read[0], read[0].name, "back to the form"))

    def action_save(self) -> None:
        """Tries it, and writes it down when it works, or all the same if so wanted."""
        read = self._profile()
        if read is None:
            return
        profile, settings = read

        def decided(verdict: Verdict | None) -> None:
            if verdict is None or not verdict.go_on:
                return
            was = self.was.name if self.was is not None else None
            try:
                save_profile(profile.name, settings, was=was)
            except ConsoleError as error:
                self.query_one("#form-trouble", Static).update(trouble(error))
            else:
                self.dismiss(Written(profile.name, verdict.profile))

        self.app.push_screen(Trial(profile, profile.name, "saves it"), decided)


class ProfileForm(Form):
    """A connection by its parts; a URL pasted into the first fills in the others."""

    specs = (
        NAME,
        Spec(
            "host",
            "host or URL",
            "A name, an address, a socket's folder; or a whole URL, whose parts go where they"
            " belong. A password in it is used for trying, and never written.",
            example="db.example, or postgresql://…",
        ),
        Spec("port", "port", "5432 where nothing is said.", example="5432"),
        Spec("dbname", "database", "The database's name.", example="the same as the user"),
        Spec("user", "user", "The role to log in as.", example="who you are on this machine"),
        Spec(
            "sslmode",
            "TLS",
            "verify-full checks that the server is the one it says; require encrypts and believes"
            " anybody; prefer may go without.",
            ("prefer", "require", "verify-ca", "verify-full", "disable"),
        ),
        CERTIFICATE,
        *TREATMENT,
    )
    _PARTS = ("host", "port", "dbname", "user", "sslmode", "sslrootcert")

    def __init__(self, was: Profile | None = None) -> None:
        super().__init__(was)
        self.heading = "New profile" if was is None else f"The profile {visible(was.name)}"
        self._others: dict[str, str] = {}

    def known(self) -> dict[str, str]:
        """Adds the parts of the address."""
        known = super().known()
        if self.was is not None:
            known |= self._spread(self.was.parameters)
        return known

    def _spread(self, given: dict[str, str]) -> dict[str, str]:
        self._others = {key: value for key, value in given.items() if key not in self._PARTS}
        return {key: given[key] for key in self._PARTS if key in given}

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Takes a URL apart once it has been typed."""
        if event.widget.id == "form-host":
            with contextlib.suppress(UsageError):  # said when it is tried
                self._take_apart()

    def _take_apart(self) -> None:
        address = self.value("host")
        if "://" not in address:
            return
        from console.connection.conninfo import from_conninfo

        given = from_conninfo(address)
        self.put("host", "")
        for key, value in self._spread(given.parameters).items():
            self.put(key, value)
        if given.password is not None:
            self._secret = given.password
            self.notify("the password is used for trying, and not written", markup=False)

    def settings(self) -> dict[str, Setting]:
        """Adds the parts of the address."""
        settings: dict[str, Setting] = {}
        self._take_apart()
        for key in ("host", "port", "dbname", "user", "sslrootcert"):
            if value := self.value(key):
                settings[key] = value
        if self.value("sslmode") != "prefer":
            settings["sslmode"] = self.value("sslmode")
        if service := self._others.get("service"):
            settings["service"] = service
        return settings | super().settings()


class SupabaseForm(Form):
    """A project of Supabase by its reference."""

    heading = "A Supabase project"
    specs = (
        NAME,
        Spec(
            "ref",
            "project",
            "The 20 letters of the project, or its URL; the dashboard shows both.",
            example="abcdefghijklmnopqrst",
        ),
        Spec("way", "by", "", tuple(reversed(Way))),
        Spec(
            "region",
            "region",
            "Such as eu-central-1. Where the dashboard's host begins with aws-1, write"
            " aws-1-eu-central-1. The direct way needs none.",
            example="eu-central-1",
        ),
        Spec("user", "user", "postgres, or a role of yours.", example="postgres"),
        Spec("dbname", "database", "postgres, on nearly every project.", example="postgres"),
        replace(
            CERTIFICATE,
            hint="The project's certificate, from the dashboard's database settings: with it the"
            " server is checked, without it only encrypted.",
        ),
        *TREATMENT,
    )

    def on_mount(self) -> None:
        """The session pooler suits a console best."""
        super().on_mount()
        self.put("way", Way.SESSION)

    def hint(self, spec: Spec) -> Content:
        """For the way: what each can and cannot."""
        if spec.key != "way":
            return super().hint(spec)
        return Content("\n").join(
            Content.assemble(
                ("✓ " if ability.can else "✕ ", "$success" if ability.can else "$warning"),
                (ability.words, "$muted"),
            )
            for ability in ABILITIES[Way(self.value("way"))]
        )

    def settings(self) -> dict[str, Setting]:
        """Adds host, port and login of the project."""
        user, database = (self.value(key) or "postgres" for key in ("user", "dbname"))
        way = Way(self.value("way"))
        found = parameters(
            self.value("ref"), self.value("region"), way, user=user, database=database
        )
        settings: dict[str, Setting] = {**found}
        if certificate := self.value("sslrootcert"):
            settings |= {"sslrootcert": certificate, "sslmode": "verify-full"}
        return settings | super().settings()
