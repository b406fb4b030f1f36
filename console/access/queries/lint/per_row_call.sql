-- Policies that call a function for every row instead of once. Inside a sub-select of its own a
-- call is made once per statement, unless it is given a column.
select pg_catalog.format('%%I on %%I.%%I', p.polname, n.nspname, c.relname),
       pg_catalog.format('%%s is called for every row', called.name),
       'warning',
       pg_catalog.format('alter policy %%I on %%I.%%I%%s%%s;', p.polname, n.nspname, c.relname,
         ' using (' || mended.using || ')', ' with check (' || mended.check || ')')
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (select pg_catalog.pg_get_expr(p.polqual, p.polrelid) as using,
                           pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) as check) as own
cross join lateral (
  -- What stands right behind SELECT is made once.
  select pg_catalog.regexp_replace(concat(own.using, ' ', own.check),
    '(SELECT|FROM) +\(*("[^"]+"|[a-z_0-9]+)(\.("[^"]+"|[a-z_0-9]+))?\(', '', 'gi') as rest
) as outside
cross join lateral (
  select (pg_catalog.regexp_match(outside.rest, '\m(auth\.(?:uid|jwt|role|email)|current_setting)\('))[1] as name
  union all
  select f.proname::text
  from pg_catalog.pg_depend d
  join pg_catalog.pg_proc f on f.oid = d.refobjid
  join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
  join pg_catalog.pg_language l on l.oid = f.prolang
  where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_proc'::regclass
    and fn.nspname <> 'auth' and l.lanname not in ('internal', 'c')
    and outside.rest ~ ('\m' || pg_catalog.regexp_replace(f.proname, '([^a-z0-9_])', '\\\1', 'gi') || '"?\(')
  limit 1
) as called
cross join lateral (
  select pg_catalog.regexp_replace(own.using, '(?<!SELECT \(*)(auth\.(uid|jwt|role|email)\(\))', '(select \1)', 'g') as using,
         pg_catalog.regexp_replace(own.check, '(?<!SELECT \(*)(auth\.(uid|jwt|role|email)\(\))', '(select \1)', 'g') as check
) as mended
where called.name is not null and n.nspname <> all(%(platform)s)
order by 1
