-- The sequences that belong to a relation's columns, with those settings that are not usual.
select a.attname,
       o.deptype = 'i',
       pg_catalog.quote_ident(sn.nspname) || '.' || pg_catalog.quote_ident(sc.relname),
       pg_catalog.concat_ws(' ',
         case when q.seqtypid <> 'pg_catalog.int8'::pg_catalog.regtype and o.deptype <> 'i'
           then 'as ' || pg_catalog.format_type(q.seqtypid, null) end,
         case when q.seqincrement <> 1 then 'increment by ' || q.seqincrement end,
         case when q.seqmin <> case when q.seqincrement > 0 then 1 else -t.largest - 1 end
           then 'minvalue ' || q.seqmin end,
         case when q.seqmax <> case when q.seqincrement > 0 then t.largest else -1 end
           then 'maxvalue ' || q.seqmax end,
         case when q.seqstart <> case when q.seqincrement > 0 then q.seqmin else q.seqmax end
           then 'start with ' || q.seqstart end,
         case when q.seqcache <> 1 then 'cache ' || q.seqcache end,
         case when q.seqcycle then 'cycle' end)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_depend o
  on o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and o.refobjid = c.oid
  and o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and o.deptype in ('a', 'i')
join pg_catalog.pg_sequence q on q.seqrelid = o.objid
join pg_catalog.pg_class sc on sc.oid = q.seqrelid
join pg_catalog.pg_namespace sn on sn.oid = sc.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = o.refobjsubid
cross join lateral (
  select case pg_catalog.format_type(q.seqtypid, null)
    when 'smallint' then 32767 when 'integer' then 2147483647 else 9223372036854775807
  end::int8 as largest
) as t
where n.nspname = {schema} and c.relname = {name}
order by a.attnum, sc.relname
