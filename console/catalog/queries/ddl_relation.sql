-- What makes a relation besides its columns, constraints, indexes, triggers and policies.
select c.relpersistence,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)),
       c.reloptions,
       pg_catalog.quote_ident(s.spcname),
       case when m.amname <> 'heap' then pg_catalog.quote_ident(m.amname) end,
       case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
       pg_catalog.pg_get_expr(c.relpartbound, c.oid),
       array(
         select pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.relname)
         from pg_catalog.pg_inherits i
         join pg_catalog.pg_class p on p.oid = i.inhparent
         join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
         where i.inhrelid = c.oid
         order by i.inhseqno
       ),
       case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end,
       pg_catalog.quote_ident(fs.srvname),
       f.ftoptions,
       case when c.relkind in ('r', 'p', 'm') and c.relreplident <> 'd' then c.relreplident end,
       (select pg_catalog.quote_ident(ri.relname) from pg_catalog.pg_index x
        join pg_catalog.pg_class ri on ri.oid = x.indexrelid
        where x.indrelid = c.oid and x.indisreplident),
       case when c.reloftype <> 0 then pg_catalog.format_type(c.reloftype, null) end,
       c.relrowsecurity,
       c.relforcerowsecurity,
       pg_catalog.obj_description(c.oid, 'pg_class')
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_am m on m.oid = c.relam
left join pg_catalog.pg_tablespace s on s.oid = c.reltablespace
left join pg_catalog.pg_foreign_table f on f.ftrelid = c.oid
left join pg_catalog.pg_foreign_server fs on fs.oid = f.ftserver
where n.nspname = {schema} and c.relname = {name}
