-- Columns whose name says secret, which a role of the API may read. Behind row-level security, with
-- anon out of it, that is information.
select pg_catalog.format('%%I.%%I.%%I', n.nspname, c.relname, a.attname),
       pg_catalog.format('%%s may read it%%s', pg_catalog.string_agg(r.rolname, ', ' order by r.rolname),
         case when c.relrowsecurity then ', in the rows policies show' else ', in every row' end),
       case when not c.relrowsecurity or pg_catalog.bool_or(r.rolname = 'anon') then 'error' else 'info' end,
       pg_catalog.format('revoke select on %%I.%%I from %%s; grant select (%%s) on %%I.%%I to %%s;',
         n.nspname, c.relname, pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' order by r.rolname),
         others.names, n.nspname, c.relname,
         pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' order by r.rolname))
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_roles r on r.rolname = any(%(api)s)
cross join lateral (
  select pg_catalog.string_agg(pg_catalog.quote_ident(o.attname), ', ' order by o.attnum) as names
  from pg_catalog.pg_attribute o
  where o.attrelid = c.oid and o.attnum > 0 and not o.attisdropped and o.attnum <> a.attnum
) as others
where c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped
  and n.nspname !~ '^pg_' and n.nspname <> all(%(platform)s)
  and a.attname ~* '(passw|passphrase|secret|token|api_?key|private_?key|encryption_?key|credential|cvv|ssn$|_?hash$)'
  and a.attname !~* '(old|new)valuehash|content_?hash|file_?hash'
  and pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
  and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT')
group by n.nspname, c.relname, a.attname, a.attnum, c.relrowsecurity, others.names
order by 1
