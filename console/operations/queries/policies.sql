-- Every retention policy with what is there of its table, as far as this role can tell.
select p."tableName" as "table",
       {days} as days,
       p.enabled,
       p."lastRun"::text as last_run,
       c.oid is not null as there,
       a.attname is not null as has_column,
       coalesce(has_table_privilege(c.oid, 'select'), false) as readable,
       coalesce(row_security_active(c.oid), false) as filtered,
       (current_timestamp - make_interval(days => {days}))::text as cut_off
from public.retention_policies as p
left join pg_class as c
  on c.relnamespace = to_regnamespace('public') and c.relname = p."tableName" and c.relkind in ('r', 'p')
left join pg_attribute as a
  on a.attrelid = c.oid and a.attname = {columns}::jsonb ->> p."tableName" and a.attnum > 0 and not a.attisdropped
order by p."tableName"
