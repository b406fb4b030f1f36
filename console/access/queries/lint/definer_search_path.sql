-- Functions that run with their owner's rights and find names where their caller says.
select pg_catalog.format('%%I.%%I(%%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)),
       'whoever calls it decides which tables and functions its names mean',
       'error',
       pg_catalog.format('alter function %%I.%%I(%%s) set search_path = '''';', n.nspname, p.proname,
         pg_catalog.pg_get_function_identity_arguments(p.oid))
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.prosecdef and n.nspname !~ '^pg_' and n.nspname <> all(%(platform)s)
  and not exists (select from pg_catalog.unnest(p.proconfig) as s (setting) where s.setting like 'search_path=%%')
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
order by 1
