-- Privileges that no policy restrains, held by roles of the API.
select pg_catalog.format('%%I.%%I', n.nspname, c.relname),
       pg_catalog.format('%%s holds %%s', r.rolname, pg_catalog.string_agg(k.word, ', ' order by k.word)),
       case when pg_catalog.bool_or(k.word = 'TRUNCATE') then 'error' else 'warning' end,
       pg_catalog.format('revoke %%s on %%I.%%I from %%I, public;',
         pg_catalog.lower(pg_catalog.string_agg(k.word, ', ' order by k.word)), n.nspname, c.relname, r.rolname)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join unnest(array['TRUNCATE', 'REFERENCES', 'TRIGGER']) as k (word)
join pg_catalog.pg_roles r on r.rolname = any(%(api)s) and not r.rolsuper
where c.relkind in ('r', 'p', 'f') and n.nspname !~ '^pg_' and n.nspname <> all(%(platform)s)
  and pg_catalog.has_table_privilege(r.oid, c.oid, k.word)
group by n.nspname, c.relname, r.rolname
order by 1, 2
