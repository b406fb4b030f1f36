"""Where a console begins that was told no database, and where it goes to another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static

from console.connection.config import config_path
from console.connection.conninfo import from_conninfo
from console.connection.known import Kind, Known, known_targets
from console.connection.profile import Profile
from console.connection.remembered import forget, set_favourite
from console.connection.saving import remove_profile
from console.errors import ConsoleError, UsageError
from console.ui.connect.address import AddressField
from console.ui.connect.entries import Entries, Start
from console.ui.connect.form import Form, ProfileForm, SupabaseForm, Written
from console.ui.connect.trial import Trial, Verdict
from console.ui.dialogs import Acknowledge, Dialog
from console.ui.hints import Hints
from console.ui.trouble import Notice, trouble
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from console.connection.embedded import EmbeddedServer

WELCOME = Content("\n").join(
    [
        Content.styled("Welcome to rowsight.", "bold"),
        Content("Who sees which row, and why. Is this database what its migration says?"),
        Content(""),
        Content.styled(
            "Everything is read-only until you say otherwise; the server sees to it.\n"
            "Passwords stay in memory, .pgpass or your keyring, never in our file.",
            "$muted",
        ),
    ]
)


class AskAddress(Dialog[Profile]):
    """Asks for a URL to connect to at once."""

    heading = "Connect to"
    hints = (("enter", "connect"), ("esc", "back"))
    advice = Content.styled("Read-only. A password is asked for, or stands in the URL.", "$muted")

    def body(self) -> ComposeResult:
        """Yields the field and a place for what is wrong."""
        yield AddressField("postgresql://user@host:5432/database, or host=… dbname=…")
        yield Static(self.advice, classes="dialog-text")

    def on_input_changed(self) -> None:
        """Another text may be right: what was wrong with the one before goes."""
        self.query_one(".dialog-text", Static).update(self.advice)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Takes what can be meant."""
        text = event.value.strip()
        if not text:
            return
        try:
            if "://" not in text and "=" not in text:
                raise UsageError(
                    "this is no URL", hint="write postgresql://user@host:5432/database"
                )
            self.dismiss(from_conninfo(text))
        except UsageError as error:
            self.query_one(".dialog-text", Static).update(trouble(error))


class ConnectScreen(Screen[None]):
    """Lists what can be opened, tries it, writes it down.

    Args:
        inside: Whether there is a database behind it to go back to.
        reason: Why the console is here, where something failed.
    """

    BINDING_GROUP_TITLE = "Connect"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "start('new')", "New"),
        Binding("u", "start('url')", "URL", show=False),
        Binding("s", "start('supabase')", "Supabase", show=False),
        Binding("D", "start('demo')", "Demo", show=False),
        Binding("r", "renew", "Read again", show=False),
        Binding("escape,q", "leave", "Back"),
        Binding("q", "quit", "Quit"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("f1", "help", "Help", show=False),
    ]

    @dataclass
    class Open(Message):
        """The person has chosen a database; one of a demo comes with its server."""

        profile: Profile
        demo: EmbeddedServer | None = None

    @dataclass
    class Told(Message):
        """The demo has come one step further."""

        words: str

    @dataclass
    class DemoFailed(Message):
        """There will be no demo."""

        error: ConsoleError

    def __init__(self, *, inside: bool = False) -> None:
        super().__init__()
        self.inside = inside
        self._starting = False

    def compose(self) -> ComposeResult:
        """Lays out heading, words and list."""
        yield Static(Content(" rowsight  connect to a database"), classes="connect-heading")
        yield Static(WELCOME, id="connect-welcome")
        yield Notice()
        yield Entries()
        yield Hints()

    def on_mount(self) -> None:
        """Reads what is known."""
        self.query_one(Notice).leave()
        self._read()
        self.query_one(Entries).focus()

    def action_renew(self) -> None:
        """Reads the files again, and says so: mostly they say the same."""
        self._read()
        self.notify("read again", timeout=2, markup=False)

    def _read(self, target: str | None = None) -> None:
        notice = self.query_one(Notice)
        known: list[Known] = []
        broken = False
        try:
            known = known_targets()
        except UsageError as error:
            broken = True
            notice.say(trouble(error, ("r", "read again")))
        self.query_one("#connect-welcome").display = not known and not broken
        self.query_one(Entries).show(known, target)

    @on(Lines.Chosen)
    def _chosen(self, message: Lines.Chosen) -> None:
        entry = self.query_one(Entries).current
        if isinstance(entry, Start):
            self.action_start(entry.action)
        elif entry is not None:
            self.post_message(self.Open(entry.profile))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While the demo starts, only giving it up is on offer."""
        if action in ("leave", "quit"):
            return (self._starting or self.inside) == (action == "leave")
        return not self._starting or action == "help"

    def action_start(self, how: str) -> None:
        """Begins in one of the ways that need nothing to be known."""
        match how:
            case "demo":
                self._start_demo()
            case "url":
                self.app.push_screen(AskAddress(), self._open)
            case "supabase":
                self._fill_in(SupabaseForm())
            case _:
                self._fill_in(ProfileForm())

    def _open(self, profile: Profile | None) -> None:
        if profile is not None:
            self.post_message(self.Open(profile))

    def _fill_in(self, form: Form) -> None:
        def written(result: Written | None) -> None:
            if result is not None:
                self._read(result.name)
                self.notify(f"saved in {visible(str(config_path()))}", markup=False)

        self.app.push_screen(form, written)

    @on(Entries.Asked)
    def _asked(self, message: Entries.Asked) -> None:
        known = message.known
        match message.what:
            case "try":
                name = known.profile.name

                def decided(verdict: Verdict | None) -> None:
                    self._open(verdict.profile if verdict is not None else None)

                self.app.push_screen(Trial(known.profile, name, "opens it"), decided)
            case "change":
                self._fill_in(ProfileForm(known.profile))
            case "favourite":
                set_favourite(known.target, not known.favourite)
                self._read(known.target)
            case "remove":
                self._remove(known)

    def _remove(self, known: Known) -> None:
        if known.kind is Kind.RECENT:
            forget(known.target)
            self._read()
            return
        text = Content("It goes out of the configuration file. The database itself stays as it is.")

        def answer(yes: bool | None) -> None:
            if not yes:
                return
            try:
                remove_profile(known.target)
            except ConsoleError as error:
                self.query_one(Notice).say(trouble(error))
            forget(known.target)
            self._read()

        name = visible(known.profile.name)
        self.app.push_screen(Acknowledge(f"Remove the profile {name}?", text), answer)

    # The demo

    def _start_demo(self) -> None:
        self._starting = True
        self.query_one("#connect-welcome").display = False
        self.query_one(Entries).display = False
        self.query_one(Notice).wait("starting PostgreSQL", "esc gives up")
        self.set_focus(None)
        self.refresh_bindings()
        self._prepare_demo()

    @work(exclusive=True, group="demo")
    async def _prepare_demo(self) -> None:
        from console.connection.embedded import EmbeddedServer
        from console.ui.connect.demo import start_demo

        server: EmbeddedServer = EmbeddedServer()
        try:
            profile = await start_demo(server, lambda words: self._tell(words))
        except ConsoleError as error:
            self.post_message(self.DemoFailed(error))
            return
        self.post_message(self.Open(profile, server))

    def _tell(self, words: str) -> None:
        self.post_message(self.Told(words))

    @on(Told)
    def _told(self, message: Told) -> None:
        if self._starting:
            self.query_one(Notice).wait(visible(message.words), "esc gives up")

    @on(DemoFailed)
    def _demo_failed(self, message: DemoFailed) -> None:
        self._back_to_the_list()
        self.query_one(Notice).say(trouble(message.error))

    def _back_to_the_list(self) -> None:
        self._starting = False
        self.query_one(Notice).leave()
        entries = self.query_one(Entries)
        entries.display = True
        self._read()
        entries.focus()

    # Leaving

    async def action_leave(self) -> None:
        """Gives the demo up, or goes back to the database behind."""
        if self._starting:
            self.workers.cancel_group(self, "demo")
            self._back_to_the_list()
        elif self.inside:
            self.dismiss()

    async def action_quit(self) -> None:
        """Leaves the console."""
        self.app.exit()

    def action_help(self) -> None:
        """Lists the keys."""
        from console.ui.help import help_on

        self.app.push_screen(help_on(self))
