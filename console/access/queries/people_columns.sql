-- Which columns of the two tables of people are there and may be read; and why not by the login,
-- whose rights a view's query or the function of a cast would have.
select n.nspname, a.attname, case
  when c.relkind = 'v' then 'it is a view, whose query would run as your own login'
  when c.relkind = 'f' then 'it is kept on another server'
  when a.atttypid in (select type from acting)
    then 'to compare its ' || a.attname || ' calls the function of a cast, as your own login'
end
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relname = 'users' and n.nspname in ('public', 'auth') and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and a.attnum > 0 and not a.attisdropped
  and pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  and pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
