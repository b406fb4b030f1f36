-- Functions without arguments that ask the token for more than who it is, and say yes or no.
select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname), p.proname
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.pronargs = 0 and p.prorettype = 'boolean'::regtype and not p.proretset and p.provolatile <> 'v'
  and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'auth')
  and p.prosrc ~ 'app_metadata'
  and pg_catalog.has_schema_privilege(%(role)s, n.oid, 'USAGE')
  and pg_catalog.has_function_privilege(%(role)s, p.oid, 'EXECUTE')
order by 1
