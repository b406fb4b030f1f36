-- All that decides about access to one relation for one role, as one JSON object. With an empty
-- search path, so that deparsed expressions name everything in full.
select pg_catalog.jsonb_build_object(
  'schema', n.nspname,
  'name', c.relname,
  'kind', c.relkind,
  'rls', c.relrowsecurity,
  'forced', c.relforcerowsecurity,
  'owner', pg_catalog.pg_get_userbyid(c.relowner),
  'partitioned', c.relkind = 'p',
  'partition', c.relispartition,
  'login_filtered', pg_catalog.row_security_active(c.oid),
  'invoker_view', coalesce(c.reloptions @> array['security_invoker=true'] or c.reloptions @> array['security_invoker=on'], false),
  'usage', pg_catalog.has_schema_privilege(r.rolname, n.oid, 'USAGE'),
  'superuser', r.rolsuper,
  'bypass', r.rolbypassrls,
  'owns', pg_catalog.pg_has_role(r.rolname, c.relowner, 'USAGE'),
  'delete', pg_catalog.has_table_privilege(r.rolname, c.oid, 'DELETE'),
  'select', pg_catalog.has_table_privilege(r.rolname, c.oid, 'SELECT'),
  'insert', pg_catalog.has_table_privilege(r.rolname, c.oid, 'INSERT'),
  'update', pg_catalog.has_table_privilege(r.rolname, c.oid, 'UPDATE'),
  'policies', coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', p.polname,
      'command', p.polcmd,
      'permissive', p.polpermissive,
      'roles', array(
        select case when u.role = 0 then 'public' else pg_catalog.pg_get_userbyid(u.role)::text end
        from pg_catalog.unnest(p.polroles) with ordinality as u (role, place) order by u.place
      ),
      'applies', p.polroles = array[0]::oid[] or exists (
        select from pg_catalog.unnest(p.polroles) as u (role)
        where u.role <> 0 and pg_catalog.pg_has_role(r.rolname, u.role, 'USAGE')
      ),
      'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
      'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
    ) order by p.polname)
    from pg_catalog.pg_policy p where p.polrelid = c.oid
  ), '[]'),
  'columns', coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', a.attname,
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'category', y.typcategory,
      'not_null', a.attnotnull,
      'generated', a.attgenerated,
      'identity', a.attidentity,
      'acts', a.atttypid in (select type from acting),
      'default', pg_catalog.pg_get_expr(
        d.adbin, case when a.attgenerated <> '' then d.adrelid else 0 end
      ),
      'sequence', (
        select pg_catalog.format('%%I.%%I', sn.nspname, s.relname)
        from pg_catalog.pg_depend e
        join pg_catalog.pg_class s on s.oid = e.refobjid and s.relkind = 'S'
        join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
        where e.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and e.objid = d.oid
          and e.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        order by s.oid limit 1),
      'select', pg_catalog.has_column_privilege(r.rolname, c.oid, a.attnum, 'SELECT'),
      'insert', pg_catalog.has_column_privilege(r.rolname, c.oid, a.attnum, 'INSERT'),
      'update', pg_catalog.has_column_privilege(r.rolname, c.oid, a.attnum, 'UPDATE')
    ) order by a.attnum)
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_type y on y.oid = a.atttypid
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ), '[]'),
  'keys', coalesce((
    select pg_catalog.jsonb_agg(
      (select pg_catalog.jsonb_agg(a.attname order by u.place)
       from pg_catalog.unnest(i.indkey::int2[]) with ordinality as u (attnum, place)
       join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
       where u.place <= i.indnkeyatts)
      order by i.indisprimary desc, i.indnkeyatts, i.indexrelid)
    from pg_catalog.pg_index i
    where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indimmediate
      and i.indpred is null and i.indexprs is null
      and not exists (
        select from pg_catalog.unnest(i.indkey::int2[]) with ordinality as u (attnum, place)
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
        where u.place <= i.indnkeyatts
          and (not a.attnotnull or a.atttypid in (select type from acting)))
  ), '[]'),
  'exclusives', coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', i.indexrelid::regclass::text,
      'excludes', i.indisexclusion,
      'parts', parts.found,
      'columns', array(
        select a.attname from pg_catalog.pg_attribute a
        where a.attrelid = i.indrelid and (a.attnum = any (i.indkey) or exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = i.indexrelid
            and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = a.attrelid
            and d.refobjsubid = a.attnum))),
      'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid),
      'nulls_alike', coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
      'acts', parts.act or exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = i.indexrelid
          and d.refobjid >= 16384 and d.refclassid in (
            'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass,
            'pg_catalog.pg_type'::regclass))
    ) order by i.indexrelid)
    from pg_catalog.pg_index i
    left join pg_catalog.pg_constraint k
      on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.conexclop is not null
    cross join lateral (
      select
        pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
          'expression', pg_catalog.pg_get_indexdef(i.indexrelid, u.place::int, false),
          'column', a.attname,
          'operator', pg_catalog.format('operator(%%I.%%s)', m.nspname, o.oprname)) order by u.place) as found,
        pg_catalog.bool_or(
          a.atttypid in (select type from acting)
          or f.oid >= 16384 and l.lanname not in ('c', 'internal')) as act
      from pg_catalog.unnest(i.indkey::int2[]) with ordinality as u (attnum, place)
      join pg_catalog.pg_opclass c on c.oid = (i.indclass::oid[])[u.place - 1]
      left join pg_catalog.pg_amop e on k.oid is null and e.amopfamily = c.opcfamily
        and e.amopstrategy = 3 and c.opcintype in (e.amoplefttype) and c.opcintype = e.amoprighttype
      join pg_catalog.pg_operator o on o.oid = coalesce(k.conexclop[u.place], e.amopopr)
      join pg_catalog.pg_namespace m on m.oid = o.oprnamespace
      join pg_catalog.pg_proc f on f.oid = o.oprcode
      join pg_catalog.pg_language l on l.oid = f.prolang
      left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
      where u.place <= i.indnkeyatts
    ) as parts
    where i.indrelid = c.oid and (i.indisunique or i.indisexclusion) and i.indisvalid
  ), '[]'),
  'bounds', case when c.relkind = 'p' or c.relispartition then array(
    select coalesce(pg_catalog.pg_get_partition_constraintdef(p.relid), 'true')
    from pg_catalog.pg_partition_tree(c.oid) p where p.isleaf and p.relid <> c.oid or c.relkind <> 'p')
  end,
  'checks', coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', k.conname, 'expression', pg_catalog.pg_get_expr(k.conbin, k.conrelid)) order by k.conname)
    from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype = 'c'
  ), '[]'),
  'foreign_keys', coalesce(keys.own, '[]'),
  'referencing', coalesce(keys.others, '[]'),
  'triggers', coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', t.tgname,
      'decides', t.tgtype & 3 = 3,
      'insert', t.tgtype & 4 > 0,
      'update', t.tgtype & 16 > 0,
      'delete', t.tgtype & 8 > 0,
      'columns', array(
        select a.attname from pg_catalog.unnest(t.tgattr::int2[]) as u (attnum)
        join pg_catalog.pg_attribute a on a.attrelid = t.tgrelid and a.attnum = u.attnum
        order by a.attname),
      'language', l.lanname,
      'source', f.prosrc,
      'arguments', pg_catalog.encode(t.tgargs, 'hex')) order by t.tgname)
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_proc f on f.oid = t.tgfoid
    join pg_catalog.pg_language l on l.oid = f.prolang
    where (t.tgrelid = c.oid or t.tgrelid in (select p.relid from pg_catalog.pg_partition_tree(c.oid) p) and t.tgparentid = 0)
      -- Those of foreign keys are told as such; of a partition's, only those for each row fire.
      and (not t.tgisinternal or t.tgparentid <> 0 and t.tgconstrrelid = 0)
      and t.tgenabled in ('O', 'A') and t.tgtype & 64 = 0 and (t.tgrelid = c.oid or t.tgtype & 1 > 0)
  ), '[]'),
  'rewritten', array(
    select case w.ev_type when '2' then 'update' when '3' then 'insert' else 'delete' end
    from pg_catalog.pg_rewrite w
    where w.ev_class = c.oid and w.ev_type in ('2', '3', '4') and w.ev_enabled in ('O', 'A')
    order by 1)
)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join pg_catalog.pg_roles r
cross join lateral (
  select
    pg_catalog.jsonb_agg(said.key order by k.conname) filter (where k.conrelid = c.oid) as own,
    pg_catalog.jsonb_agg(said.key order by k.conname) filter (
      where k.confrelid = c.oid and k.confdeltype in ('a', 'r') and k.conparentid = 0) as others
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class f on f.oid = case when k.conrelid = c.oid then k.confrelid else k.conrelid end
  join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
  cross join lateral (
    select pg_catalog.jsonb_build_object(
      'name', k.conname,
      'columns', (
        select pg_catalog.jsonb_agg(a.attname order by u.place)
        from pg_catalog.unnest(k.conkey) with ordinality as u (attnum, place)
        join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum),
      'schema', fn.nspname,
      'table', f.relname,
      'filtered', pg_catalog.row_security_active(f.oid),
      'acts', exists (
        select from pg_catalog.pg_attribute a
        where (a.attrelid = k.conrelid and a.attnum = any (k.conkey)
               or a.attrelid = k.confrelid and a.attnum = any (k.confkey))
          and a.atttypid in (select type from acting)),
      'referenced', (
        select pg_catalog.jsonb_agg(a.attname order by u.place)
        from pg_catalog.unnest(k.confkey) with ordinality as u (attnum, place)
        join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.attnum)) as key
  ) as said
  where k.contype = 'f' and c.oid in (k.conrelid, k.confrelid)
) as keys
where n.nspname = %(schema)s and c.relname = %(name)s and r.rolname = %(role)s
