-- What there is of the logs, and what this role may see of them.
select t.name,
       c.relkind::text,
       pg_catalog.has_table_privilege(c.oid, 'select'),
       pg_catalog.row_security_active(c.oid),
       coalesce((
         select pg_catalog.jsonb_object_agg(
                  a.attname, pg_catalog.jsonb_build_array(
                    pg_catalog.format_type(a.atttypid, null), a.attnotnull))
         from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       ), '{}'),
       -- Columns by which rows come in order, without a look at the others.
       array(
         select a.attname::text
         from pg_catalog.pg_index i
         join pg_catalog.pg_class n on n.oid = i.indexrelid
         join pg_catalog.pg_am m on m.oid = n.relam and m.amname = 'btree'
         join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
         where i.indrelid = c.oid and i.indisvalid and i.indpred is null
       ),
       c.reltuples::bigint
from pg_catalog.unnest(%(names)s::text[]) with ordinality t(name, place)
left join pg_catalog.pg_class c
  on c.oid = pg_catalog.to_regclass('public.' || pg_catalog.quote_ident(t.name))
order by t.place
