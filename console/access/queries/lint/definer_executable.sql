-- Functions that run with their owner's rights and that a role of the API may call. In a schema the
-- API does not serve they are out of a request's reach, and only for policies.
select pg_catalog.format('%%I.%%I(%%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)),
       pg_catalog.format('%%s may call it as %%s', pg_catalog.string_agg(r.rolname, ', ' order by r.rolname),
         pg_catalog.pg_get_userbyid(p.proowner)),
       case when n.nspname = any(%(served)s) then 'error' else 'info' end,
       case when n.nspname = any(%(served)s) then
         pg_catalog.format('revoke execute on function %%I.%%I(%%s) from public, %%s;', n.nspname, p.proname,
           pg_catalog.pg_get_function_identity_arguments(p.oid),
           pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' order by r.rolname))
       else '' end
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_roles r on r.rolname = any(%(api)s)
where p.prosecdef and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and n.nspname !~ '^pg_' and n.nspname <> all(%(platform)s)
  and pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
  and pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE')
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
group by n.nspname, p.proname, p.oid, p.proowner
order by 1
