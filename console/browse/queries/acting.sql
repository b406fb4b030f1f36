-- What a statement may reach that acts, of what PostgreSQL and extensions bring along: volatile
-- functions that are not known to only read, and those that run the SQL they are given. Reached is
-- what it calls by name, by an operator or as `row.f`, and what the database's own functions, views,
-- domains, casts, operators and aggregates name in turn that it names. Own functions are read word
-- by word, whatever language they are in. Names before a bracket come as they are written and are
-- folded by the server.
with recursive named as (
  select (pg_catalog.parse_ident(c.schema))[1]::name as schema, (pg_catalog.parse_ident(c.name))[1]::name as name
  from unnest(%(schemas)s::text[], %(functions)s::text[]) as c (schema, name)
),
volatile as materialized (
  select p.oid, p.proname, p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace as builtin
  from pg_catalog.pg_proc p
  join pg_catalog.pg_language l on l.oid = p.prolang
  where (p.provolatile = 'v' and l.lanname in ('internal', 'c')
      or p.provolatile = 'v' and p.oid >= 16384 and exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
      or p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace and p.proname ~ '_to_xml'
      or p.oid >= 16384 and p.proname ~ '^(crosstab|connectby|xpath_table)')
    -- No statement can call these; one of them is called `system`.
    and not 'pg_catalog.internal'::pg_catalog.regtype = any(p.proargtypes::oid[])
),
acting as materialized (select * from volatile where proname !~ %(reads)s),
own as materialized (
  select p.* from pg_catalog.pg_proc p
  where p.oid >= 16384 and p.oid not in (select oid from acting) and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
),
-- Whatever a word in a text may stand for; a function of an extension only before a bracket, for
-- such names are plain words (http).
known as materialized (
  select k.*, pg_catalog.lower(k.name collate "C") as word,
         k.name ~ '[][\s!-/:-@\\^`{-~]' as odd
  from (
    select 'function' as kind, oid, proname as name, not builtin as bracket from acting
    where proname not in ('set_config', 'pg_notify') -- what these do ends with the transaction
    union all
    select 'function', oid, proname, false from own
    union all
    select 'type', oid, typname, false from pg_catalog.pg_type where oid >= 16384
  ) as k
),
checks as materialized (
  select t.oid as type, t.typname::text as name, pg_catalog.pg_get_constraintdef(c.oid) as text
  from pg_catalog.pg_constraint c join pg_catalog.pg_type t on t.oid = c.contypid
),
reached(kind, oid, through) as (
  select 'function', p.oid, null::text
  from named c
  join pg_catalog.pg_proc p on p.proname = c.name
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where n.nspname = coalesce(c.schema, n.nspname)
  union
  select 'function', p.oid, null
  from pg_catalog.pg_proc p join pg_catalog.pg_type t on t.oid = p.proargtypes[0]
  where p.proname = any(%(dotted)s::name[]) and p.pronargs - p.pronargdefaults <= 1
    and t.typtype in ('c', 'd', 'p')
  union
  select 'function', o.oprcode, null
  from pg_catalog.pg_operator o
  where o.oprname = any(%(operators)s::name[]) and o.oprleft < 16384 and o.oprright < 16384
  union
  select 'type', t.oid, t.typname::text from pg_catalog.pg_type t
  where t.oid >= 16384 and t.typname = any(%(names)s::name[])
  union
  select 'function', c.castfunc, 'the cast from ' || c.castsource::regtype || ' to ' || c.casttarget::regtype
  from pg_catalog.pg_cast c
  where c.oid >= 16384 and c.castsource < 16384 and c.casttarget < 16384
  union
  select part.kind, part.oid, coalesce(r.through, part.through)
  from reached r
  cross join lateral (
    select 'function' as kind, f.oid, p.proname::text as through
    from own p join pg_catalog.pg_aggregate a on a.aggfnoid = p.oid,
      unnest(array[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                   a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::oid[]) as f (oid)
    where r.kind = 'function' and p.oid = r.oid
    union all
    select 'type', t.oid, p.proname::text
    from own p, unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype) as t (oid)
    where r.kind = 'function' and p.oid = r.oid and t.oid >= 16384
    union all
    select 'type', x.oid, t.typname::text
    from pg_catalog.pg_type t
    cross join lateral (
      select t.typelem union all select t.typbasetype
      union all
      select a.atttypid from pg_catalog.pg_attribute a
      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
      union all
      select g.rngsubtype from pg_catalog.pg_range g where t.oid in (g.rngtypid, g.rngmultitypid)
    ) as x (oid)
    where r.kind = 'type' and t.oid = r.oid and x.oid >= 16384
    union all
    select 'function', x.oid, x.through
    from (
      select g.rngcanonical::oid, 'the range ' || g.rngtypid::regtype from pg_catalog.pg_range g
      where r.oid in (g.rngtypid, g.rngmultitypid)
      union all
      select g.rngsubdiff, 'the range ' || g.rngtypid::regtype from pg_catalog.pg_range g
      where r.oid in (g.rngtypid, g.rngmultitypid)
      union all
      select c.castfunc, 'the cast from ' || c.castsource::regtype || ' to ' || c.casttarget::regtype
      from pg_catalog.pg_cast c where r.oid in (c.castsource, c.casttarget)
      union all
      select o.oprcode, 'the operator ' || o.oprname
      from pg_catalog.pg_operator o where o.oid >= 16384 and r.oid in (o.oprleft, o.oprright)
    ) as x (oid, through)
    where r.kind = 'type' and x.oid <> 0
    union all
    select k.kind, k.oid, source.name
    from (
      select p.proname::text,
             coalesce(p.prosrc, '') || ' ' || coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), '')
      from own p where r.kind = 'function' and p.oid = r.oid
      union all
      select c.name, c.text from checks c where r.kind = 'type' and c.type = r.oid
      union all
      select c.relname::text, pg_catalog.pg_get_viewdef(c.oid) from pg_catalog.pg_class c
      where r.kind = 'type' and c.reltype = r.oid and c.relkind = 'v'
    ) as source (name, text)
    cross join lateral (
      select known.kind, known.oid
      from (
        select m[1] as word, pg_catalog.bool_or(m[2] is not null) as bracket
        from pg_catalog.regexp_matches(
          pg_catalog.lower(source.text collate "C"), '([^][\s!-/:-@\\^`{-~]+)("?\s*\()?', 'g') as m
        group by 1
      ) as w
      join known on known.word = w.word and (w.bracket or not known.bracket)
      union all
      select known.kind, known.oid from known
      where known.odd and pg_catalog.strpos(source.text, known.name) > 0
    ) as k
  ) as part
)
select distinct a.proname::text, r.through
from reached r join acting a on a.oid = r.oid
where r.kind = 'function'
order by 2 nulls first, 1
