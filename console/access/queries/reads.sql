-- What the policies of a table read besides the row: tables with their row-level security,
-- functions with what they run as.
select 'table', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
       case when not c.relrowsecurity then 'row-level security is off'
            when c.relforcerowsecurity then 'row-level security is on and forced'
            else 'row-level security is on' end
       || case when pg_catalog.has_table_privilege(%(role)s, c.oid, 'SELECT') then ''
               else ', no SELECT for ' || %(role)s end
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid in (
  select d.refobjid from pg_catalog.pg_depend d
  join pg_catalog.pg_policy y on y.oid = d.objid
  where d.classid = 'pg_policy'::regclass and d.refclassid = 'pg_class'::regclass
    and y.polrelid = %(relation)s::regclass and d.refobjid <> y.polrelid)
union all
select 'function', p.oid::regprocedure::text,
       case when p.prosecdef then 'runs as ' || pg_catalog.pg_get_userbyid(p.proowner) else 'runs as its caller' end
       || case when not p.prosecdef
                 or exists (select from pg_catalog.unnest(p.proconfig) as s where s like 'search_path=%%')
               then '' else ', its search_path is its caller''s' end
       || case when pg_catalog.has_function_privilege(%(role)s, p.oid, 'EXECUTE') then ''
               else ', no EXECUTE for ' || %(role)s end
from pg_catalog.pg_proc p
where p.oid in (
  select d.refobjid from pg_catalog.pg_depend d
  join pg_catalog.pg_policy y on y.oid = d.objid
  where d.classid = 'pg_policy'::regclass and d.refclassid = 'pg_proc'::regclass
    and y.polrelid = %(relation)s::regclass)
order by 1, 2
