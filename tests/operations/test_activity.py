"""Who waits for whom, as trees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from console.operations.activity import Backend, Waiter, activity_checks, waiting_tree
from console.operations.check import Status, Thresholds


def edges(*pairs: tuple[int, int], seconds: float = 1.0) -> list[dict[str, Any]]:
    return [
        {
            "pid": pid,
            "blocker": blocker,
            "kind": "transactionid",
            "mode": "ShareLock",
            "relation": None,
            "seconds": seconds,
        }
        for pid, blocker in pairs
    ]


def outline(roots: Iterable[Waiter]) -> list[Any]:
    return [[root.backend.pid, *outline(root.held_up)] for root in roots]


def test_a_chain_hangs_together() -> None:
    assert outline(waiting_tree(edges((3, 2), (2, 1)), ())) == [[1, [2, [3]]]]


def test_who_stands_in_a_queue_hangs_below_the_one_before() -> None:
    # The third waits for the holder and for the second, who asked before it.
    assert outline(waiting_tree(edges((2, 1), (3, 1), (3, 2)), ())) == [[1, [2, [3]]]]


def test_the_root_that_holds_up_most_comes_first() -> None:
    roots = waiting_tree(edges((5, 4), (2, 1), (3, 1)), [Backend(1, user="ada")])
    assert outline(roots) == [[1, [2], [3]], [4, [5]]]
    assert (roots[0].count, roots[0].backend.user) == (2, "ada")
    assert roots[0].held_up[0].lock == "ShareLock on transactionid"
    assert roots[0].held_up[0].blockers == (1,)


def test_a_prepared_transaction_may_be_the_root() -> None:
    (root,) = waiting_tree(edges((2, 0)), ())
    assert "pg_prepared_xacts" in str(root.backend)


def test_a_circle_is_shown_once() -> None:
    assert outline(waiting_tree(edges((1, 2), (2, 1)), ())) in ([[1, [2]]], [[2, [1]]])


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=30))
def test_nobody_is_lost_or_shown_twice(pairs: list[tuple[int, int]]) -> None:
    pairs = [(pid, blocker) for pid, blocker in pairs if pid != blocker]
    roots = waiting_tree(edges(*pairs), ())
    shown = Counter(one.backend.pid for root in roots for one in root.everybody())
    assert set(shown) == {pid for pair in pairs for pid in pair}
    assert set(shown.values()) <= {1}
    assert sum(root.count + 1 for root in roots) == len(shown)


def test_what_is_hidden_is_not_taken_for_nothing() -> None:
    hidden = Backend(7, database="app")
    checks = {one.name: one for one in activity_checks([hidden], (), Thresholds())}
    assert checks["longest_query"].status is Status.UNAVAILABLE
    assert "pg_read_all_stats" in checks["longest_query"].detail
    old = Backend(8, database="app", kind="client backend", transaction_seconds=10_000.0)
    checks = {one.name: one for one in activity_checks([hidden, old], (), Thresholds())}
    assert checks["longest_transaction"].status is Status.FAIL
    assert "hidden" in checks["longest_transaction"].detail


def test_the_statement_of_a_session_fits_in_a_sentence() -> None:
    backend = Backend(8, user="ada", statement="select\n\n  " + "x" * 400)
    assert str(backend).startswith("pid 8 · ada · select xxx")
    assert len(str(backend)) < 110
