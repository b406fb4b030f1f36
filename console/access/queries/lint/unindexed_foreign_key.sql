-- Foreign keys that no index leads: a DELETE up there reads all of the table down here.
select pg_catalog.format('%%I on %%I.%%I', k.conname, n.nspname, c.relname),
       pg_catalog.format('no index begins with %%s', cols.names),
       'warning',
       pg_catalog.format('create index on %%I.%%I (%%s);', n.nspname, c.relname, cols.names)
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by u.place) as names
  from pg_catalog.unnest(k.conkey) with ordinality as u (attnum, place)
  join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum
) as cols
where k.contype = 'f' and n.nspname !~ '^pg_' and n.nspname <> all(%(platform)s)
  and not exists (
    select from pg_catalog.pg_index i
    where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
      and (i.indkey::int2[])[0:pg_catalog.cardinality(k.conkey) - 1] @> k.conkey)
order by 1
