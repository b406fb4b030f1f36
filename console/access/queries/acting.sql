-- Types of which a function that somebody made makes another where a value is compared, and
-- domains over them: as the login, nothing compares them. Goes before a query's SELECT.
with recursive acting(type) as (
  select k.castsource
  from pg_catalog.pg_cast k
  join pg_catalog.pg_proc f on f.oid = k.castfunc
  join pg_catalog.pg_language l on l.oid = f.prolang
  where k.castcontext = 'i' and k.castsource >= 16384 and f.oid >= 16384
    and l.lanname not in ('c', 'internal')
  union
  select t.oid from acting a
  join pg_catalog.pg_type t on t.typbasetype = a.type and t.typtype = 'd'
)
