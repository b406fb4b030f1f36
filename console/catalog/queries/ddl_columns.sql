-- What makes a column besides its name and type: only what differs from the type's own.
select a.attname,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       case when a.attcollation <> y.typcollation then (
         select pg_catalog.quote_ident(m.nspname) || '.' || pg_catalog.quote_ident(l.collname)
         from pg_catalog.pg_collation l
         join pg_catalog.pg_namespace m on m.oid = l.collnamespace
         where l.oid = a.attcollation
       ) end,
       a.attnotnull,
       pg_catalog.pg_get_expr(d.adbin, case when a.attgenerated <> '' then d.adrelid else 0 end),
       a.attgenerated,
       a.attidentity,
       a.attislocal,
       case when a.attstorage <> y.typstorage then
         case a.attstorage when 'p' then 'plain' when 'e' then 'external'
           when 'm' then 'main' else 'extended' end
       end,
       case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end,
       case when a.attstattarget >= 0 then a.attstattarget end,
       a.attoptions,
       a.attfdwoptions,
       pg_catalog.col_description(a.attrelid, a.attnum)
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type y on y.oid = a.atttypid
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where n.nspname = {schema} and c.relname = {name} and a.attnum > 0 and not a.attisdropped
order by a.attnum
