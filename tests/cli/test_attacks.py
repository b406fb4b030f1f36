"""Every attack, typed into every option that takes text: nothing is written, nobody gets out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from tests.access.attacks import OPEN, SOME, TYPED
from tests.access.scene import EVE, Witness, made
from tests.cli.conftest import Finished, Rowsight
from tests.cli.test_rows import dsn
from tests.conftest import Admin

_EVE = ("--as", str(EVE.user_id))
_PREY = ("--table", "prey")
_WHY = ("access", "why", *_EVE)


def _json(text: str) -> str:
    return json.dumps({"note": text}, ensure_ascii=False)


Place = Callable[[str], tuple[str, ...]]
PLACES: dict[str, Place] = {
    "rows": lambda text: ("rows", text),
    "rows where": lambda text: ("rows", "prey", "--where", text),
    "rows where value": lambda text: ("rows", "prey", f"--where=note={text}"),
    "rows where as": lambda text: ("rows", "prey", *_EVE, "--where", f"note~{text}"),
    "rows columns": lambda text: ("rows", "prey", *_EVE, "--columns", text),
    "rows order": lambda text: ("rows", "prey", *_EVE, "--order", text),
    "rows after": lambda text: ("rows", "prey", *_EVE, "--after", text),
    "rows as": lambda text: ("rows", "prey", "--as", text),
    "rows xray": lambda text: ("rows", "prey", *_EVE, "--xray", "--where", text),
    "rows claims": lambda text: ("rows", "prey", *_EVE, "--claims", _json(text)),
    "who": lambda text: ("access", "who", text),
    "matrix as": lambda text: ("access", "matrix", *_PREY, "--as", text),
    "matrix role": lambda text: ("access", "matrix", *_PREY, "--as", f"role:{text}"),
    "matrix preset": lambda text: ("access", "matrix", *_PREY, "--as", f"preset:{text}"),
    "matrix table": lambda text: ("access", "matrix", *_EVE, "--table", text),
    "matrix claims": lambda text: ("access", "matrix", *_PREY, *_EVE, "--claims", text),
    "matrix sub": lambda text: (
        *("access", "matrix", *_PREY, *_EVE, "--claims"),
        json.dumps({"sub": text, text: text}),
    ),
    "why table": lambda text: (*_WHY, "--table", text, "--key", "id=1"),
    "why key": lambda text: (*_WHY, *_PREY, "--key", text),
    "why key value": lambda text: (*_WHY, *_PREY, "--key", f"note={text}"),
    "why row": lambda text: (*_WHY, *_PREY, "--row", text),
    "why row value": lambda text: (*_WHY, *_PREY, "--row", _json(text)),
    "why row column": lambda text: (*_WHY, *_PREY, "--row", json.dumps({text: text})),
    "why changes": lambda text: (*_WHY, *_PREY, "--key", "id=3", "--set", text),
    "why changes value": lambda text: (*_WHY, *_PREY, "--key", "id=3", "--set", _json(text)),
    "compare as": lambda text: ("access", "compare", *_PREY, *_EVE, "--as", text),
    "compare table": lambda text: ("access", "compare", *_EVE, "--as", "anon", "--table", text),
    "whatif using": lambda text: (
        *("access", "whatif", *_EVE, *_PREY),
        *("--policy", "p", f"--using={text}"),
    ),
    "whatif policy": lambda text: (
        *("access", "whatif", *_EVE, *_PREY),
        *(f"--policy={text}", "--using", "id > 3"),
    ),
    "whatif claims": lambda text: (
        *("access", "whatif", *_EVE, "--claims", text, *_PREY),
        *("--policy", "p", "--using", "id > 3"),
    ),
    "snapshot as": lambda text: ("access", "snapshot", "--as", text),
    "snapshot claims": lambda text: ("access", "snapshot", *_EVE, "--claims", _json(text)),
    "check file": lambda text: ("access", "check", text),
}


@pytest.fixture(scope="module")
def trapped(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "cli_traps")


@pytest.fixture
def witness(trapped: Profile, admin: Admin) -> Witness:
    found = Witness(admin(trapped), admin(trapped))
    found.remember()
    found.admin.execute(OPEN.encode())
    return found


@pytest.fixture
def attack(rowsight_here: Rowsight, trapped: Profile, witness: Witness) -> Callable[..., Finished]:
    def run(*arguments: str) -> Finished:
        done = rowsight_here(*arguments, "-d", dsn(trapped))
        witness.untouched()
        assert done.code in (0, 1, 2, 4, 5, 6), done
        assert "Traceback" not in done.err
        assert "rowsight itself failed" not in done.err
        # Only an expression is run at all; one that changes the role has its result withheld. A
        # snapshot tells of the cells whose traps do so.
        assert (
            "containment" not in done.err
            or (arguments[:2] == ("access", "snapshot") and "result withheld in" in done.err)
            or (
                "--using" in " ".join(arguments)
                and "result withheld" in done.err
                and done.code == 6
            )
        )
        assert not {"\x1b", "\x07"} & {*done.out, *done.err}
        if done.code not in (0, 5):
            assert done.err.strip()
        return done

    return run


WHOLE = pytest.mark.parametrize(
    "texts",
    [pytest.param(SOME, id="some"), pytest.param(TYPED, id="all", marks=pytest.mark.slow)],
)


@WHOLE
@pytest.mark.parametrize("place", PLACES)
def test_nothing_typed_writes_or_gets_out(
    attack: Callable[..., Finished], place: str, texts: list[str], scale: float
) -> None:
    if scale < 1 and texts is TYPED:  # every place meets others, and all of them meet them all
        texts = texts[list(PLACES).index(place) % round(1 / scale) :: round(1 / scale)]
    for text in texts:
        done = attack(*PLACES[place](text))
        if place == "whatif using":
            assert done.code != 0 or "3 now, 0 then" in done.out, text


@WHOLE
def test_no_file_writes_or_gets_out(
    attack: Callable[..., Finished], tmp_path: Path, texts: list[str], scale: float
) -> None:
    if texts is TYPED:
        texts = texts[:: round(1 / scale)]
    file = tmp_path / "access.toml"
    for text in texts:
        if "\ud800" in text:
            continue  # no file in UTF-8 holds it
        word = json.dumps(text, ensure_ascii=True)
        forms = [
            f'as = {word}\n[persona.tables]\n"public.prey" = {{}}\n',
            f'as = "anon"\nclaims = {word}\n[persona.tables]\n',
            f'as = "anon"\n[persona.tables]\n{word} = {{select = {word}}}\n',
        ]
        for form in [text, *(f"version = 1\n[[persona]]\n{form}" for form in forms)]:
            file.write_text(form, encoding="utf-8")
            assert attack("access", "check", str(file)).code != 0
