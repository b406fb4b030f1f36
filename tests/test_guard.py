"""The table of guards, whole: what each act needs, wherever it would be done."""

from __future__ import annotations

import itertools

import pytest

from console.connection.profile import Environment
from console.guard import Act, Circumstances, Demand, decide, why_not

IN_WRITE_MODE = """
act        demo  dev   staging prod  unknown
look       allow allow allow   allow allow
rehearse   allow allow allow   allow allow
cancel     yes   yes   yes     yes   yes
terminate  yes   yes   yes     name  name
unlock     yes   yes   yes     name  name
change     yes   yes   yes     name  name
erase      name  name  name    name  name
whatever   name  name  name    name  name
"""
WORDS = {"allow": Demand.ALLOW, "yes": Demand.ACKNOWLEDGE, "name": Demand.TYPE_THE_NAME}
ROWS = [line.split() for line in IN_WRITE_MODE.split("\n")[2:-1]]
HEADS = IN_WRITE_MODE.split("\n")[1].split()[1:]

REFUSED = {
    # write mode, standby: what is refused whatever the environment
    (True, False): set(),
    (False, False): {"cancel", "terminate", "change", "erase", "whatever"},
    (True, True): {"rehearse", "unlock", "change", "erase", "whatever"},
    (False, True): {
        *("rehearse", "cancel", "terminate", "unlock", "change", "erase", "whatever"),
    },
}


def test_the_table_names_every_act_and_every_environment() -> None:
    assert {row[0] for row in ROWS} == {*Act, "whatever"}
    assert list(Environment) == HEADS
    assert len(REFUSED) == 4


@pytest.mark.parametrize("mode", REFUSED, ids=str)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_cell(row: list[str], mode: tuple[bool, bool]) -> None:
    act, *cells = row
    for name, cell in zip(HEADS, cells, strict=True):
        where = Circumstances(Environment(name), *mode)
        refused = act in REFUSED[mode]
        assert decide(act, where) is (Demand.REFUSE if refused else WORDS[cell]), name
        assert bool(why_not(act, where)) is refused


def test_prod_and_unknown_ask_for_no_less_than_any_other_environment() -> None:
    for act in (*Act, "whatever"):
        answers = [decide(act, Circumstances(name, write_mode=True)) for name in Environment]
        worst = decide(act, Circumstances(Environment.UNKNOWN, write_mode=True))
        assert max(answers) is worst
        assert decide(act, Circumstances(Environment.PROD, write_mode=True)) is worst


def test_taking_write_mode_away_never_allows_more() -> None:
    for act, name, standby in itertools.product(Act, Environment, (True, False)):
        off, on = (Circumstances(name, mode, standby) for mode in (False, True))
        assert decide(act, off) >= decide(act, on)
