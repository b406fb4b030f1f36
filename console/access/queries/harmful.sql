-- What an expression somebody typed could reach that may do more than answer: functions it calls by
-- name, those behind its operators, aggregates, types and their casts, and views, which may call
-- anything. Let through are the server's own functions and those in C, unless they are known to
-- act, and what runs for requests anyway: what the policies and the domains of tables call.
with recursive safe as (
  select p.oid from pg_catalog.pg_proc p
  join pg_catalog.pg_language l on l.oid = p.prolang
  where (p.oid < 16384 or l.lanname in ('c', 'internal'))
    and (p.provolatile <> 'v' or p.oid < 16384 and p.proname = any(%(harmless)s::text[]))
    -- These run the SQL they are given, read a view or a type by its name, or take a transaction id.
    and p.proname !~ '^(crosstab|connectby|xpath_table|txid_current|pg_current_xact_id|dblink|ts_stat$'
                     '|ts_rewrite$|(query|table|schema|database|cursor)_to_xml|pg_input_)'
    and not 'pg_catalog.cstring'::regtype = any(p.proargtypes::oid[])
),
ours(oid) as (
  select d.refobjid from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_policy'::regclass and d.refclassid = 'pg_catalog.pg_proc'::regclass
  union
  select o.oprcode::oid from pg_catalog.pg_depend d
  join pg_catalog.pg_operator o on o.oid = d.refobjid
  where d.classid = 'pg_catalog.pg_policy'::regclass
    and d.refclassid = 'pg_catalog.pg_operator'::regclass
  union
  select d.refobjid from pg_catalog.pg_constraint k
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_constraint'::regclass and d.objid = k.oid
  where d.refclassid = 'pg_catalog.pg_proc'::regclass and exists (
    select from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
    where a.atttypid = k.contypid and c.relkind in ('r', 'p'))
  union
  select p.oid from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where n.nspname = 'auth' and p.proname in ('uid', 'role', 'email', 'jwt') and p.pronargs = 0
),
usual(oid) as (
  select oid from ours
  union
  select q.oid from usual u
  join pg_catalog.pg_proc p on p.oid = u.oid and p.oid >= 16384
  join pg_catalog.pg_proc q on q.oid >= 16384 and (
    p.prosrc ~ ('\m' || pg_catalog.regexp_replace(q.proname, '\W', '\\\&', 'g') || '"?\s*\(')
    or exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid
        and d.refclassid = 'pg_catalog.pg_proc'::regclass and d.refobjid = q.oid))
),
named as (
  select p.* from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where exists (
      select from unnest(%(schemas)s::text[], %(functions)s::text[]) as c (schema, name)
      where c.name = p.proname and n.nspname = coalesce(c.schema, n.nspname))
    or p.proname = any(%(dotted)s::text[]) and exists (
      select from pg_catalog.pg_type t where t.oid = p.proargtypes[0] and t.typtype in ('c', 'd', 'p'))
),
touched(type) as (
  select t.oid from pg_catalog.pg_type t where t.typname = any(%(names)s::text[])
  union
  select a.type from named p, pg_catalog.unnest(
    coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype) as a (type)
  union
  select part.type from touched u
  join pg_catalog.pg_type t on t.oid = u.type
  cross join lateral (
    select t.typelem union select t.typbasetype union select t.typarray
    union select a.atttypid from pg_catalog.pg_attribute a
      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    union select x.type from pg_catalog.pg_range r,
      pg_catalog.unnest(array[r.rngtypid, r.rngsubtype, r.rngmultitypid]) as x (type)
      where t.oid in (r.rngtypid, r.rngmultitypid)
  ) as part (type)
  where part.type <> 0
),
checks as (
  select k.oid, k.contypid, pg_catalog.pg_get_constraintdef(k.oid) as text
  from pg_catalog.pg_constraint k join touched u on u.type = k.contypid
),
reached(through, oid) as (
  select '', p.oid from named p
  union all
  select 'the operator ' || o.oprname, o.oprcode::oid from pg_catalog.pg_operator o
  where o.oid >= 16384 and o.oprname = any(%(operators)s::text[])
    and (o.oprleft < 16384 or o.oprleft in (select type from touched))
    and (o.oprright < 16384 or o.oprright in (select type from touched))
  union all
  select 'the aggregate ' || a.aggfnoid::regprocedure, part.oid
  from pg_catalog.pg_aggregate a join named p on p.oid = a.aggfnoid and p.oid >= 16384,
    pg_catalog.unnest(array[
      a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn,
      a.aggminvtransfn, a.aggmfinalfn]::oid[]) as part (oid)
  union all
  select 'the cast from ' || c.castsource::regtype || ' to ' || c.casttarget::regtype, c.castfunc
  from pg_catalog.pg_cast c
  where c.oid >= 16384 and (c.castsource < 16384 or c.castsource in (select type from touched))
    and (c.casttarget < 16384 or c.casttarget in (select type from touched))
  union all
  select 'the domain ' || k.contypid::regtype, d.refobjid
  from checks k join pg_catalog.pg_depend d
    on d.classid = 'pg_catalog.pg_constraint'::regclass and d.objid = k.oid
    and d.refclassid = 'pg_catalog.pg_proc'::regclass
  union all
  select 'the domain ' || k.contypid::regtype, o.oprcode::oid
  from checks k join pg_catalog.pg_depend d
    on d.classid = 'pg_catalog.pg_constraint'::regclass and d.objid = k.oid
    and d.refclassid = 'pg_catalog.pg_operator'::regclass
  join pg_catalog.pg_operator o on o.oid = d.refobjid
  union all
  -- What the server brings along, no dependency tells of.
  select 'the domain ' || k.contypid::regtype, p.oid
  from checks k join pg_catalog.pg_proc p
    on p.oid < 16384 and p.oid not in (select oid from safe)
    and k.text ~ ('\m' || p.proname || '\(')
  union all
  select 'the range ' || r.rngtypid::regtype, part.oid
  from pg_catalog.pg_range r join touched u on u.type = r.rngtypid,
    pg_catalog.unnest(array[r.rngcanonical, r.rngsubdiff]::oid[]) as part (oid)
)
select 'function', p.oid::regprocedure::text, r.through, (p.oid < 16384)::text
from reached r
join pg_catalog.pg_proc p on p.oid = r.oid
join pg_catalog.pg_language l on l.oid = p.prolang
where p.oid not in (select oid from safe)
  -- One in C may do with other arguments what it does not do in a policy.
  and (l.lanname in ('c', 'internal') or p.oid not in (select oid from usual))
  and p.prokind <> 'a' -- an aggregate calls nothing but its parts
union
select 'view', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), '', ''
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'm', 'f') and c.relname = any(%(relations)s::text[])
  and n.nspname not in ('pg_catalog', 'information_schema')
order by 1, 3, 2
