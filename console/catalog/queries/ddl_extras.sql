-- Extended statistics and rewrite rules of a relation, as statements.
select pg_catalog.pg_get_statisticsobjdef(s.oid)
from pg_catalog.pg_statistic_ext s
join pg_catalog.pg_class c on c.oid = s.stxrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = {schema} and c.relname = {name}
union all
select pg_catalog.rtrim(pg_catalog.pg_get_ruledef(r.oid), ';')
from pg_catalog.pg_rewrite r
join pg_catalog.pg_class c on c.oid = r.ev_class
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = {schema} and c.relname = {name} and r.rulename <> '_RETURN'
order by 1
