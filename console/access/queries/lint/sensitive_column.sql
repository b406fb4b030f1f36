-- Columns whose name says secret, which a role of the API may read. Behind row-level security, with
-- anon out of it, that is information. A mend closes all of a table's: one must not open another's.
with columns as (
  select n.nspname, c.relname, c.oid, c.relrowsecurity, a.attname, a.attnum, r.rolname,
         a.attname ~* '(passw|passphrase|secret|token|api_?key|private_?key|encryption_?key|credential|cvv|ssn$|_?hash$)'
           and a.attname !~* '(old|new)valuehash|content_?hash|file_?hash' as secret
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_roles r on r.rolname = any(%(api)s)
  where c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped
    and n.nspname !~ '^pg_' and n.nspname <> all(%(platform)s)
    and pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
    and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT')
), mends as (
  select oid, rolname,
         pg_catalog.format('revoke select on %%I.%%I from %%I;', nspname, relname, rolname)
         || case when pg_catalog.bool_and(secret) then '' else pg_catalog.format(
              ' grant select (%%s) on %%I.%%I to %%I;',
              pg_catalog.string_agg(pg_catalog.quote_ident(attname), ', ' order by attnum) filter (where not secret),
              nspname, relname, rolname) end as mend
  from columns
  group by oid, nspname, relname, rolname
)
select pg_catalog.format('%%I.%%I.%%I', c.nspname, c.relname, c.attname),
       pg_catalog.format('%%s may read it%%s', pg_catalog.string_agg(c.rolname, ', ' order by c.rolname),
         case when c.relrowsecurity then ', in the rows policies show' else ', in every row' end),
       case when not c.relrowsecurity or pg_catalog.bool_or(c.rolname = 'anon') then 'error' else 'info' end,
       pg_catalog.string_agg(m.mend, ' ' order by c.rolname)
from columns c
join mends m on m.oid = c.oid and m.rolname = c.rolname
where c.secret
group by c.nspname, c.relname, c.attname, c.attnum, c.relrowsecurity
order by 1
