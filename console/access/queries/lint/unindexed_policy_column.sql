-- Columns that a policy compares with who is asking, without an index that begins with them.
select pg_catalog.format('%%I.%%I.%%I', n.nspname, c.relname, a.attname),
       pg_catalog.format('%%s compares it for every row', pg_catalog.string_agg(distinct p.polname, ', ')),
       'warning',
       pg_catalog.format('create index on %%I.%%I (%%I);', n.nspname, c.relname, a.attname)
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_depend d
  on d.classid = 'pg_policy'::regclass and d.objid = p.oid
  and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid > 0
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
where p.polcmd <> 'a' and n.nspname <> all(%(platform)s)
  and pg_catalog.pg_get_expr(p.polqual, p.polrelid) ~ (
    '(^|[^a-zA-Z0-9_."])' || pg_catalog.regexp_replace(pg_catalog.quote_ident(a.attname), '([^a-zA-Z0-9_])', '\\\1', 'g')
    || '(::text)?\)? = (\(+ *SELECT|ANY|\(*auth\.|\(*NULLIF|\(*current_setting)')
  and not exists (
    select from pg_catalog.pg_index i
    where i.indrelid = c.oid and i.indisvalid and i.indpred is null and (i.indkey::int2[])[0] = a.attnum)
group by n.nspname, c.relname, a.attname
order by 1
