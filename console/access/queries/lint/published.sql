-- Tables closed even to their owner, whose changes are sent out.
select pg_catalog.format('%%I.%%I', t.schemaname, t.tablename),
       pg_catalog.format('publication %%s sends its rows to every subscriber', t.pubname),
       'error',
       case when b.puballtables
         then pg_catalog.format('-- publication %%I is for all tables: make one that lists those meant', t.pubname)
         else pg_catalog.format('alter publication %%I drop table %%I.%%I;', t.pubname, t.schemaname, t.tablename) end
from pg_catalog.pg_publication_tables t
join pg_catalog.pg_publication b on b.pubname = t.pubname
join pg_catalog.pg_namespace n on n.nspname = t.schemaname
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
where c.relforcerowsecurity
order by 1
