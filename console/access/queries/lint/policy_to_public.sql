-- Policies for everybody, also for roles that are made later.
select pg_catalog.format('%%I on %%I.%%I', p.polname, n.nspname, c.relname),
       'it is for every role, also for those made later',
       'warning',
       pg_catalog.format('alter policy %%I on %%I.%%I to authenticated;', p.polname, n.nspname, c.relname)
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where p.polroles = array[0]::oid[] and n.nspname <> all(%(platform)s)
order by 1
