-- Policies on tables that do not ask them.
select pg_catalog.format('%%I.%%I', n.nspname, c.relname),
       pg_catalog.format('%%s has no effect', pg_catalog.string_agg(p.polname, ', ' order by p.polname)),
       'error',
       pg_catalog.format('alter table %%I.%%I enable row level security;', n.nspname, c.relname)
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where not c.relrowsecurity
group by n.nspname, c.relname
order by 1
