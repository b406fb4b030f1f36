-- What bears the names of our tables: kind, shape, size, and the index names that go with it.
-- Rows as the planner knows them, scaled to the size of today; a table never analysed counts as
-- rows of 100 bytes. Under an empty search path every type is named in full.
select pg_catalog.jsonb_build_object(
  'today', pg_catalog.to_char(pg_catalog.now() at time zone 'UTC', 'YYYYMMDD'),
  'set_aside', (
    select coalesce(pg_catalog.jsonb_agg(c.relname), '[]')
    from pg_catalog.pg_class c
    where c.relname like '%%\_set\_aside\_%%'),
  'tables', (
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'identity', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
      'schema', n.nspname,
      'name', c.relname,
      'kind', c.relkind,
      'rows', case
        when c.relkind not in ('r', 'm') then null
        when c.reltuples < 0 or c.relpages = 0 then pg_catalog.pg_relation_size(c.oid) / 100
        else c.reltuples::numeric / c.relpages * (
          pg_catalog.pg_relation_size(c.oid)
          / pg_catalog.current_setting('block_size')::bigint) end::bigint,
      'bytes', pg_catalog.pg_total_relation_size(c.oid),
      'columns', (
        select pg_catalog.jsonb_object_agg(
          pg_catalog.quote_ident(a.attname), pg_catalog.format_type(a.atttypid, a.atttypmod))
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
      'primary_key', (
        select pg_catalog.pg_get_constraintdef(k.oid) from pg_catalog.pg_constraint k
        where k.conrelid = c.oid and k.contype = 'p'),
      'indexes', (
        select coalesce(pg_catalog.jsonb_agg(x.relname order by x.relname), '[]')
        from pg_catalog.pg_index i
        join pg_catalog.pg_class x on x.oid = i.indexrelid
        where i.indrelid = c.oid))), '[]')
    from unnest(%(schemas)s::text[], %(names)s::text[]) wanted (nspname, relname)
    join pg_catalog.pg_namespace n on n.nspname = wanted.nspname
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.relname)
)
