-- Functions of a name, with as many arguments as are given to them.
select n.nspname, p.proname, l.lanname, p.prosrc, pg_catalog.to_jsonb(p.proargnames[1:p.pronargs]),
       pg_catalog.pg_get_function_sqlbody(p.oid),
       coalesce(p.proconfig::text ~* 'standard_conforming_strings', false),
       case when p.prosecdef then pg_catalog.pg_get_userbyid(p.proowner) end
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where p.proname = %(name)s and n.nspname = coalesce(%(schema)s, n.nspname)
  and n.nspname <> 'pg_catalog' and p.pronargs = %(arguments)s
