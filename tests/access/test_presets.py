"""Presets written into a file that somebody keeps by hand, and read again."""

from __future__ import annotations

import json
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from console.access.chosen import Chosen
from console.access.naming import Named, named_of
from console.access.people import resolve
from console.access.persona import Persona, of_role, replace_claims, with_aal, with_claims
from console.access.presets import load_presets, preset_of, remove_preset, save_preset
from console.connection.config import load_profiles, section
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import NotFound, Refused, UsageError
from console.visible import is_unsafe
from tests.access import cast
from tests.access.scene import made

Connect = Callable[..., Session]

BY_HAND = """\
# Ours.
[profiles.billing]   # the money
url = "postgresql://ops@db.example/billing"

[access.presets.support]   # who answers the phone
as = "carol@example.com"
aal = 2  # with her key
# A team of two.
claims = { team = "support" }

# Logs are read at night.
[logs]
zone = "UTC"

[access.presets.robot]
as = "role:authenticated"
"""
ADA = Chosen("ada@example.com", preset="ada")
TWINS = f"""
create table users (id uuid primary key, email text);
insert into users values ('{cast.ADA}', 'ada@example.com'), ('{cast.BERT}', 'bert@example.com'),
  ('{cast.GIULIA}', 'twin@example.com'), ('{cast.HIRO}', 'twin@example.com'),
  ('{cast.STRANGER}', E'hid\\u202eden@example.com');
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(path))
    return path


def presets() -> dict[str, Chosen]:
    return {preset.preset: preset for preset in load_presets(section("access"))}


# The file


def test_the_first_preset_makes_the_file_for_its_owner_alone(config: Path) -> None:
    preset = Chosen("anon", claims='{"a": {"b": [1, {"c": true}]}}', preset="Night shift")
    save_preset(preset)
    assert presets() == {"Night shift": preset}
    assert config.stat().st_mode & 0o777 == 0o600
    assert "claims = {a = {b = [1, {c = true}]}}" in config.read_text()


def test_comments_order_and_everything_else_stay(config: Path) -> None:
    config.write_text(BY_HAND)
    save_preset(ADA)
    lines = config.read_text().splitlines()
    of_old = [line for line in lines if line and line in BY_HAND.splitlines()]
    assert of_old == [line for line in BY_HAND.splitlines() if line]
    # The words about the logs stand where they stood, over the logs.
    assert lines[lines.index("# Logs are read at night.") + 1] == "[logs]"
    assert set(presets()) == {"support", "robot", "ada"}
    assert set(load_profiles()) == {"billing"}
    remove_preset("ada")
    assert config.read_text().splitlines() == BY_HAND.splitlines()
    remove_preset("support")
    text = config.read_text()
    assert "# Logs are read at night.\n[logs]" in text
    assert "# A team of two." not in text
    remove_preset("robot")
    assert presets() == {}
    assert tomllib.loads(config.read_text())["logs"] == {"zone": "UTC"}


def test_one_that_is_there_gives_way_only_when_told_to(config: Path) -> None:
    config.write_text(BY_HAND)
    other = Chosen("ada@example.com", 2, '{"team": "night"}', "support")
    with pytest.raises(Refused, match="there is a preset named support already"):
        save_preset(other)
    assert config.read_text() == BY_HAND
    save_preset(other, replace=True)
    assert presets()["support"] == other
    for words in ("# who answers the phone", "# with her key", "# A team of two."):
        assert words in config.read_text()
    save_preset(Chosen("anon", preset="support"), replace=True)
    assert presets()["support"] == Chosen("anon", preset="support")


def test_one_that_is_not_there_is_not_taken_out(config: Path) -> None:
    config.write_text(BY_HAND)
    with pytest.raises(NotFound):
        remove_preset("nobody")
    assert config.read_text() == BY_HAND


@pytest.mark.parametrize("name", ["", " ", " a", "a\nb", "a\x1b[2J", "a\u202eb"])
def test_a_name_that_nobody_could_read(config: Path, name: str) -> None:
    with pytest.raises(UsageError, match="needs a name"):
        save_preset(Chosen("anon", preset=name))
    assert not config.exists()


@pytest.mark.parametrize(
    "text",
    [
        "[access",
        "access = 3\n",
        "access.presets = 3\n",
        "[access.presets.x]\naal = 3\n",
        'access = { presets = { x = { as = "anon" } } }\n',
        '[profiles.x]\npassword = "geheim"\n',
    ],
)
def test_a_file_that_can_not_be_changed_is_left_alone(config: Path, text: str) -> None:
    config.write_text(text)
    with pytest.raises(UsageError) as caught:
        save_preset(ADA)
    assert "geheim" not in str(vars(caught.value))
    assert config.read_text() == text


@pytest.mark.parametrize(
    "text",
    [
        "[access.presets]\nx = { as = 'anon' }\n[logs]\n",
        "access.presets.x.as = 'anon'\n",
        "[access]\n# nothing yet\n",
        "[access.presets.'a b'.claims]\nx = 1\n[logs]\n[access.presets.'a b']\nas = 'anon'\n",
    ],
)
def test_presets_are_found_however_they_are_written(config: Path, text: str) -> None:
    config.write_text(text)
    before = presets()
    save_preset(ADA)
    assert presets() == {**before, "ada": ADA}
    remove_preset("ada")
    assert presets() == before


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)

printable = st.characters(categories=("L", "M", "N", "P", "S"))
names = st.text(printable, min_size=1) | st.text(min_size=1)


PLAIN = ("ada", {"team": ["a", 1, None]})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@example(*PLAIN)
@given(name=names, claims=st.dictionaries(st.text(), json_values, max_size=3))
def test_any_claims_under_any_name_come_back(config: Path, name: str, claims: object) -> None:
    config.write_text(BY_HAND)
    try:
        text = json.dumps(claims, ensure_ascii=False)
        text.encode()
        save_preset(Chosen("anon", claims=text, preset=name))
    except (UsageError, Refused, UnicodeEncodeError):
        assert config.read_text() == BY_HAND
        assert (name, claims) != PLAIN
        return
    found = presets()[name]
    assert json.loads(found.claims or "") == claims
    assert not any(map(is_unsafe, config.read_text().replace("\n", "")))
    remove_preset(name)
    assert config.read_text().splitlines() == BY_HAND.splitlines()


# The persona


@pytest.fixture(scope="module")
def twins_db(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "presets", TWINS)


@pytest.fixture
async def login(twins_db: Profile, connect: Connect) -> AsyncIterator[Session]:
    async with connect(twins_db) as session:
        yield session


def lasting(persona: Persona) -> dict[str, object]:
    return {k: v for k, v in persona.claims.items() if k not in ("iat", "exp", "amr")}


@pytest.mark.parametrize(
    "over",
    [
        "{}",
        '{"org": {"id": 7, "none": null}, "email": null}',
        '{"app_metadata": {"providers": null, "team": {"a": 1}}, "is_anonymous": 0}',
        '{"role": "service_role", "aal": "aal3", "token": true, "secret": ""}',
        '{"sub": "auth0|7"}',
    ],
)
async def test_a_persona_is_the_same_when_it_comes_back(
    login: Session, config: Path, over: str
) -> None:
    ada = with_aal(await resolve(login, "ada@example.com"), 2)
    persona = with_claims(ada, over)
    preset = await preset_of(login, persona)
    save_preset(Chosen(preset.name, preset.aal, preset.claims, "kept"))
    found = presets()["kept"]
    again = await resolve(login, found.name, claims=found.claims, aal=found.aal)
    assert (again.role, again.label) == (persona.role, persona.label)
    assert lasting(again) == lasting(persona)


async def test_claims_that_were_taken_out_stay_out(login: Session) -> None:
    ada = await resolve(login, "ada@example.com")
    edited = replace_claims(ada, '{"role": "authenticated", "app_metadata": {"team": "a"}}')
    named = await named_of(login, edited)
    assert lasting(await named.resolve(login)) == lasting(edited)


async def test_a_claim_that_is_null_is_said_to_be_too_much(login: Session) -> None:
    ada = await resolve(login, "ada@example.com")
    with pytest.raises(UsageError, match="one of them is null"):
        await named_of(login, replace_claims(ada, '{"role": "authenticated", "x": null}'))


async def test_who_can_not_be_told_by_the_address_is_named_by_id(login: Session) -> None:
    twin = await resolve(login, cast.GIULIA)
    assert twin.label == "twin@example.com"
    assert await named_of(login, twin) == Named(cast.GIULIA)
    hidden = await resolve(login, cast.STRANGER)
    assert not hidden.label.isprintable()
    assert await preset_of(login, hidden) == Chosen(cast.STRANGER)


async def test_roles_are_kept_by_name(login: Session) -> None:
    assert await preset_of(login, of_role("anon", now=7)) == Chosen("anon")
    assert await preset_of(login, of_role("authenticated")) == Chosen("role:authenticated")


@pytest.mark.parametrize(
    "claims",
    [
        '{"password": "geheim"}',
        '{"hooks": [{"apiKey": "geheim"}]}',
        '{"note": "password=geheim"}',
        '{"db": "postgresql://ada:geheim@db/app"}',
        '{"provider_token": "gho_0123456789geheim"}',
        '{"raw": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0geheim.x"}',
    ],
)
async def test_what_seems_to_be_a_secret_is_not_kept(login: Session, claims: str) -> None:
    ada = with_claims(await resolve(login, "ada@example.com"), claims)
    with pytest.raises(Refused, match="seem to hold") as caught:
        await preset_of(login, ada)
    assert "geheim" not in str(vars(caught.value))


async def test_a_word_about_tokens_is_no_token(login: Session) -> None:
    ada = with_claims(await resolve(login, "ada@example.com"), '{"token_use": "access"}')
    assert (await preset_of(login, ada)).claims == '{"token_use": "access"}'
