"""The parts of a relation as lines, each with what stands behind it."""

from __future__ import annotations

import re
from functools import partial
from itertools import chain

from rich.cells import cell_len
from textual.content import Content

from console.catalog.foreign_keys import ForeignKey
from console.catalog.relations import Column, Relation
from console.catalog.structure import (
    Constraint,
    Grant,
    Index,
    Partition,
    Policy,
    Sizes,
    Structure,
    Trigger,
    quoted,
)
from console.ui import words
from console.ui.widgets.findings import Finding
from console.ui.widgets.sql import highlighted
from console.visible import visible, visible_lines

_WIDEST = 26
_KIND = re.compile(r"^(?:PRIMARY KEY|UNIQUE|FOREIGN KEY|CHECK|EXCLUDE|NOT NULL) ")
"""What a definition begins with, and the kind has said already."""


def parts(structure: Structure, exact: tuple[int, str] | None = None) -> list[Finding]:
    """Lists what a relation is made of.

    Args:
        structure: What was read.
        exact: How many rows were counted, and when, if they were.
    """
    relation = structure.relation
    names = [cell_len(visible(column.name)) for column in structure.columns]
    width = min(_WIDEST, max([8, *names]))
    return list(
        chain(
            (_column(one, width) for one in structure.columns),
            (_constraint(one, relation) for one in structure.constraints),
            map(_referring, structure.referring),
            (_index(one) for one in structure.indexes),
            (_partition(one, relation) for one in structure.partitions),
            (_trigger(one) for one in structure.triggers),
            _policies(structure),
            (_grant(one, relation) for one in structure.grants),
            _sizes(structure.sizes, relation, exact),
        )
    )


def _made(
    group: str,
    name: str,
    text: Content,
    detail: Content,
    sql: str = "",
    *,
    counts: bool = True,
) -> Finding:
    return Finding(
        group=group,
        mark="",
        kind="",
        name=name,
        style="",
        detail=partial(_whatever_the_width, detail),
        sql=sql,
        text=text,
        counts=counts,
    )


def _whatever_the_width(detail: Content, width: int) -> Content:
    return detail


def _told(name: str, *lines: Content | str | None, sql: str = "") -> Content:
    said = [Content.styled(visible(name), "bold")]
    said += [Content(line) if isinstance(line, str) else line for line in lines if line]
    if sql:
        said += [Content(""), highlighted(sql)]
    return Content("\n").join(said)


def _comment(comment: str | None) -> Content | None:
    return Content.styled(visible_lines(comment), "italic") if comment else None


def _column(column: Column, width: int) -> Finding:
    name = Content(visible(column.name)).truncate(width, ellipsis=True, pad=True)
    marks = [
        f"key {column.key_position}" if column.key_position else "",
        "not null" if column.not_null and not column.primary_key else "",
        "generated" if column.generated else "",
        f"identity {column.identity}" if column.identity else "",
    ]
    said = "  ".join(mark for mark in marks if mark)
    told = said
    if column.default:
        how = "as" if column.generated else "default"
        told = f"{said}  {how} {visible(column.default)}".strip()
    text = Content.assemble(
        name, "  ", (visible(column.type), "$secondary"), (f"  {told}" if told else "", "$muted")
    )
    definition = f"{quoted(column.name)} {column.type}"
    if column.collation:
        definition += f" collate {column.collation}"
    if column.not_null:
        definition += " not null"
    if column.default:
        how = "generated always as ({}) stored" if column.generated else "default {}"
        definition += " " + how.format(column.default)
    detail = _told(column.name, said or None, _comment(column.comment), sql=definition)
    return _made("columns", f"{column.name} {column.type}", text, detail, definition)


def _constraint(constraint: Constraint, relation: Relation) -> Finding:
    text = Content.assemble((f"{constraint.kind:<12}", "$muted"), "  ", visible(constraint.name))
    if not constraint.validated:
        text += Content.styled("  not validated", "$warning")
    told = _KIND.sub("", constraint.definition).removesuffix(" NOT VALID")
    told = told.replace(" REFERENCES ", " → ", 1)
    text += Content.styled(f"  {visible(told)}", "$muted")
    notes = [
        "inherited" if constraint.inherited else "",
        "deferrable" if constraint.deferrable else "",
        "deferred" if constraint.deferred else "",
    ]
    sql = (
        f"alter table {relation.identity} add constraint {quoted(constraint.name)}"
        f" {constraint.definition}"
    )
    detail = _told(
        constraint.name,
        " ".join(note for note in notes if note) or None,
        _comment(constraint.comment),
        sql=sql,
    )
    return _made("constraints", f"{constraint.kind} {constraint.name}", text, detail, sql)


def _referring(key: ForeignKey) -> Finding:
    columns = f"({', '.join(map(visible, key.columns))})"
    deleted = f"on delete {key.on_delete}"
    bare = None if key.indexed else Content.styled("no index on the referring columns", "$warning")
    text = Content.assemble(
        ("← ", "$accent"),
        visible(key.table),
        f" {columns}",
        ("" if key.indexed else "  no index", "$warning"),
        (f"  {deleted}", "$muted"),
    )
    sql = f"alter table {key.table} add constraint {quoted(key.name)} {key.definition}"
    detail = _told(
        key.name,
        f"{visible(key.table)} {columns} → ({', '.join(map(visible, key.to_columns))})",
        f"{deleted}, on update {key.on_update}",
        bare,
        sql=sql,
    )
    return _made("referenced by", f"{key.table} {key.name}", text, detail, sql)


def _index(index: Index) -> Finding:
    used = words.plural(index.scans, "scan") if index.scans else "never used"
    text = Content.assemble(
        visible(index.name),
        (f"  {index.method}", "$muted"),
        ("  unique" if index.unique else "", "$muted"),
        f"  {words.size(index.bytes)}  ",
        (used, "" if index.scans or index.unique else "$warning"),
        ("  invalid" if not index.valid else "", "$error"),
        (f"  {visible(_columns_of(index))}", "$muted"),
    )
    notes = []
    if index.constraint:
        notes.append("belongs to a constraint")
    if not index.valid:
        notes.append("invalid: its making failed, no query uses it")
    if index.predicate:
        notes.append(f"only rows where {visible(index.predicate)}")
    detail = _told(
        index.name,
        f"{visible(', '.join(index.columns))}",
        f"{words.size(index.bytes)}, {used} since the statistics were reset",
        *notes,
        _comment(index.comment),
        sql=index.definition,
    )
    return _made("indexes", index.name, text, detail, index.definition)


def _columns_of(index: Index) -> str:
    where = f" where {index.predicate}" if index.predicate else ""
    return f"({', '.join(index.columns)}){where}"


def _partition(partition: Partition, relation: Relation) -> Finding:
    bounds = visible(partition.bounds)
    text = Content.assemble(visible(partition.identity), (f"  {bounds}", "$muted"))
    sql = (
        f"alter table {relation.identity} attach partition {partition.identity} {partition.bounds}"
    )
    detail = _told(partition.identity, bounds, sql=sql)
    return _made("partitions", partition.identity, text, detail, sql)


def _trigger(trigger: Trigger) -> Finding:
    when = f"{trigger.timing} {' or '.join(trigger.events)}"
    text = Content.assemble(visible(trigger.name), (f"  {when}", "$muted"))
    if trigger.enabled != "enabled":
        text += Content.styled(f"  {trigger.enabled}", "$warning")
    each = "for each row" if trigger.each_row else "once for each statement"
    detail = _told(
        trigger.name,
        f"{when}, {each}",
        Content.assemble(("calls  ", "$muted"), visible(trigger.function)),
        trigger.enabled if trigger.enabled != "enabled" else None,
        _comment(trigger.comment),
        sql=trigger.definition,
    )
    return _made("triggers", trigger.name, text, detail, trigger.definition)


def _policies(structure: Structure) -> list[Finding]:
    relation = structure.relation
    found = [_policy(one, relation) for one in structure.policies]
    if relation.kind not in ("table", "partitioned"):
        return found
    words_ = ""
    if not relation.rls:
        words_ = "row-level security is off" + (": none of these applies" if found else "")
    elif not found:
        words_ = "on, without a policy: no row for anybody but the owner"
        if relation.forced:
            words_ = "forced, without a policy: no row for anybody"
    if words_:
        style = "$warning"
        line = Content.styled(words_, style)
        sql = "" if relation.rls else f"alter table {relation.identity} enable row level security"
        detail = _told(words_, sql=sql)
        found.insert(0, _made("policies", words_, line, detail, sql, counts=False))
    return found


def _policy(policy: Policy, relation: Relation) -> Finding:
    kind = policy.command if policy.permissive else f"{policy.command}, restrictive"
    text = Content.assemble(
        visible(policy.name), (f"  {kind}", "$muted"), f"  {visible(', '.join(policy.roles))}"
    )
    sql = policy.statement(relation)
    sentence = Content(visible_lines(policy.words))
    detail = _told(policy.name, sentence, _comment(policy.comment), sql=sql)
    return _made("policies", policy.name, text, detail, sql)


def _grant(grant: Grant, relation: Relation) -> Finding:
    held = [*grant.privileges, *(f"{one} (may grant)" for one in grant.grantable)]
    privileges = ", ".join(held).lower()
    who = visible(grant.grantee)
    where = f" ({visible(grant.column)})" if grant.column is not None else ""
    owner = "  owner" if grant.owner else ""
    text = Content.assemble((who, ""), where, (owner, "$muted"), (f"  {privileges}", "$muted"))
    sql = ";\n".join(grant.statements(relation))
    detail = _told(grant.grantee + (grant.column or ""), privileges, sql=sql)
    return _made("grants", f"{grant.grantee} {privileges}", text, detail, sql)


def _sizes(sizes: Sizes | None, relation: Relation, exact: tuple[int, str] | None) -> list[Finding]:
    lines: list[tuple[str, str]] = []
    if relation.rows_estimate is not None:
        lines.append(("rows, estimated", words.estimate(relation.rows_estimate)))
    if exact is not None:
        lines.append(("rows, counted", f"{words.count(exact[0])} at {exact[1]}"))
    if sizes is not None:
        lines += [
            ("on disk", words.size(sizes.total)),
            ("rows", words.size(sizes.heap)),
            ("indexes", words.size(sizes.indexes)),
            ("long values", words.size(sizes.toast)),
            ("dead rows", words.estimate(sizes.dead)),
            ("vacuumed", visible((sizes.vacuumed or "never")[:19])),
            ("analyzed", visible((sizes.analyzed or "never")[:19])),
        ]
        if sizes.tables > 1:
            lines.append(("stored in", words.plural(sizes.tables, "table")))
    detail = Content("\n").join(
        Content.assemble((f"{name:<16}", "$muted"), text) for name, text in lines
    )
    return [
        _made("size", name, Content.assemble((f"{name:<16}", "$muted"), text), detail, counts=False)
        for name, text in lines
    ]
