-- Partitions of a relation with their bounds, the default one last.
select pg_catalog.quote_ident(m.nspname) || '.' || pg_catalog.quote_ident(p.relname),
       b.bounds
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_inherits i on i.inhparent = c.oid
join pg_catalog.pg_class p on p.oid = i.inhrelid
join pg_catalog.pg_namespace m on m.oid = p.relnamespace
cross join lateral (select pg_catalog.pg_get_expr(p.relpartbound, 0) as bounds) as b
where n.nspname = {schema} and c.relname = {name} and p.relispartition
order by b.bounds = 'DEFAULT', m.nspname, p.relname
