-- Our part of the catalog as one JSON document, and a count of everything else. Wants a search path
-- without our schemas, so that every name comes out qualified. Objects are named by identity, never by
-- oid or physical order; what differs between server versions only in form is made equal here.
with
relation as materialized (
  select c.*, n.nspname, c.oid::regclass::text as identity
  from unnest(%(table_schemas)s::text[], %(table_names)s::text[]) as ours (schema, name)
  join pg_namespace as n on n.nspname = ours.schema
  join pg_class as c on c.relnamespace = n.oid and c.relname = ours.name
  where c.relkind in ('r', 'p', 'v', 'm', 'f')
),
routine as materialized (
  select p.*, p.oid::regprocedure::text as identity
  from unnest(%(function_schemas)s::text[], %(function_names)s::text[]) as ours (schema, name)
  join pg_namespace as n on n.nspname = ours.schema
  join pg_proc as p on p.pronamespace = n.oid and p.proname = ours.name
  where not exists (
    select from pg_depend as d
    where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  )
),
-- Whoever owns most of our objects is called the owner, whatever the role's name is here.
owner as materialized (
  select mode() within group (order by o.role) as oid
  from (
    select relowner from relation
    union all select proowner from routine
    union all select nspowner from pg_namespace where nspname = any (%(schemas)s::text[])
  ) as o (role)
),
-- Which columns an object needs: it goes when one of them goes.
dependency as materialized (
  select d.classid, d.objid,
    json_agg(distinct r.identity || '.' || quote_ident(a.attname)) as columns
  from relation as r
  join pg_depend as d on d.refclassid = 'pg_class'::regclass and d.refobjid = r.oid
  join pg_attribute as a on a.attrelid = r.oid and a.attnum = d.refobjsubid
  where d.refobjsubid > 0
    and d.classid in ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_policy'::regclass, 'pg_trigger'::regclass)
  group by d.classid, d.objid
),
object (classid, objid, objsubid, kind, identity, belongs, definition) as materialized (
  select 'pg_namespace'::regclass, n.oid, 0, 'schema', quote_ident(n.nspname), null,
    json_build_object('owner',
      case when n.nspowner = (select oid from owner) then 'owner' else 'role ' || quote_ident(pg_get_userbyid(n.nspowner)) end)
  from pg_namespace as n
  where n.nspname = any (%(schemas)s::text[])
  union all
  select 'pg_class'::regclass, r.oid, 0, 'table', r.identity, r.identity,
    json_build_object(
      'kind', case r.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
        when 'm' then 'materialized view' else 'foreign table' end,
      'persistence', case r.relpersistence when 'p' then 'permanent' when 'u' then 'unlogged' else 'temporary' end,
      'row_security', r.relrowsecurity,
      'force_row_security', r.relforcerowsecurity,
      'owner', case when r.relowner = (select oid from owner) then 'owner' else 'role ' || quote_ident(pg_get_userbyid(r.relowner)) end,
      'options', (select json_agg(o order by o) from unnest(r.reloptions) as o),
      'replica_identity', case r.relreplident when 'd' then 'default' when 'n' then 'nothing' when 'f' then 'full' else 'index' end,
      'inherits', (select json_agg(i.inhparent::regclass::text order by i.inhseqno) from pg_inherits as i where i.inhrelid = r.oid),
      'columns', (
        select json_agg(quote_ident(a.attname) order by a.attnum)
        from pg_attribute as a where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      )
    )
  from relation as r
  union all
  -- PostgreSQL 18 keeps NOT NULL as constraints, and knows some that are not validated yet.
  select 'pg_class'::regclass, r.oid, a.attnum, 'column', r.identity || '.' || quote_ident(a.attname), r.identity,
    json_build_object(
      'type', format_type(a.atttypid, a.atttypmod),
      'collation', case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
      'not_null', a.attnotnull,
      'not_null_pending', case when a.attnotnull then (
        select true from pg_constraint as c
        where c.conrelid = r.oid and c.contype = 'n' and c.conkey = array[a.attnum] and not c.convalidated
      ) end,
      'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
      'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
      'generated', case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end,
      'expression', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end
    )
  from relation as r
  join pg_attribute as a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  join pg_type as t on t.oid = a.atttypid
  left join pg_attrdef as d on d.adrelid = r.oid and d.adnum = a.attnum
  union all
  select 'pg_constraint'::regclass, c.oid, 0, 'constraint', quote_ident(c.conname) || ' on ' || r.identity, r.identity,
    json_build_object(
      'type', case c.contype when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key'
        when 'c' then 'check' else 'exclusion' end,
      'definition', regexp_replace(pg_get_constraintdef(c.oid), '( NOT ENFORCED)?( NOT VALID)?$', ''),
      'validated', c.convalidated,
      'enforced', coalesce(to_jsonb(c) ->> 'conenforced', 'true')::boolean,
      'index_valid', (select i.indisvalid and i.indisready from pg_index as i where c.contype <> 'f' and i.indexrelid = c.conindid),
      'triggers_enabled', case when c.contype = 'f' then not exists (
        select from pg_trigger as t where t.tgconstraint = c.oid and t.tgisinternal and t.tgenabled <> 'O'
      ) end,
      'needs', n.columns
    )
  from relation as r
  join pg_constraint as c on c.conrelid = r.oid and c.contype in ('p', 'u', 'f', 'c', 'x')
  left join dependency as n on n.classid = 'pg_constraint'::regclass and n.objid = c.oid
  union all
  select 'pg_class'::regclass, i.indexrelid, 0, 'index', i.indexrelid::regclass::text, r.identity,
    json_build_object(
      'definition', pg_get_indexdef(i.indexrelid),
      'valid', i.indisvalid and i.indisready and i.indislive,
      'needs', n.columns
    )
  from relation as r
  join pg_index as i on i.indrelid = r.oid
  left join dependency as n on n.classid = 'pg_class'::regclass and n.objid = i.indexrelid
  where not exists (
    select from pg_constraint as c
    where c.conrelid = r.oid and c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x')
  )
  union all
  select 'pg_policy'::regclass, p.oid, 0, 'policy', quote_ident(p.polname) || ' on ' || r.identity, r.identity,
    json_build_object(
      'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
      'permissive', p.polpermissive,
      'roles', (
        select json_agg(g.name order by g.name)
        from (select case when u.role = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(u.role)) end from unnest(p.polroles) as u (role)) as g (name)
      ),
      'using', pg_get_expr(p.polqual, p.polrelid),
      'check', pg_get_expr(p.polwithcheck, p.polrelid),
      'needs', n.columns
    )
  from relation as r
  join pg_policy as p on p.polrelid = r.oid
  left join dependency as n on n.classid = 'pg_policy'::regclass and n.objid = p.oid
  union all
  select 'pg_trigger'::regclass, t.oid, 0, 'trigger', quote_ident(t.tgname) || ' on ' || r.identity, r.identity,
    json_build_object(
      'definition', pg_get_triggerdef(t.oid),
      'enabled', case t.tgenabled when 'O' then 'origin' when 'A' then 'always' when 'R' then 'replica' else 'disabled' end,
      'function', t.tgfoid::regprocedure::text,
      'needs', n.columns
    )
  from relation as r
  join pg_trigger as t on t.tgrelid = r.oid and not t.tgisinternal
  left join dependency as n on n.classid = 'pg_trigger'::regclass and n.objid = t.oid
  union all
  select 'pg_rewrite'::regclass, w.oid, 0, 'rule', quote_ident(w.rulename) || ' on ' || r.identity, r.identity,
    json_build_object('definition', pg_get_ruledef(w.oid), 'enabled', w.ev_enabled <> 'D')
  from relation as r
  join pg_rewrite as w on w.ev_class = r.oid and w.rulename <> '_RETURN'
  union all
  select 'pg_proc'::regclass, f.oid, 0, 'function', f.identity, null,
    json_build_object(
      'definition', case when f.prokind <> 'a' then pg_get_functiondef(f.oid) else 'aggregate ' || f.identity end,
      'arguments', pg_get_function_arguments(f.oid),
      'result', pg_get_function_result(f.oid),
      'language', l.lanname,
      'security_definer', f.prosecdef,
      'volatility', case f.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
      'settings', (select json_agg(s order by s) from unnest(f.proconfig) as s),
      'owner', case when f.proowner = (select oid from owner) then 'owner' else 'role ' || quote_ident(pg_get_userbyid(f.proowner)) end
    )
  from routine as f
  join pg_language as l on l.oid = f.prolang
  union all
  select 'pg_extension'::regclass, e.oid, 0, 'extension', quote_ident(e.extname), null,
    json_build_object('schema', quote_ident(n.nspname), 'version', e.extversion)
  from pg_extension as e
  join pg_namespace as n on n.oid = e.extnamespace
  where e.extname = any (%(extensions)s::text[])
),
-- The owner's own privileges say nothing: he can always grant them to himself.
privilege (belongs, place, owner, grantee, name, column_name, grantable) as materialized (
  select r.identity, r.identity, r.relowner, x.grantee, x.privilege_type, null::name, x.is_grantable
  from relation as r
  cross join lateral aclexplode(coalesce(r.relacl, acldefault('r', r.relowner))) as x
  union all
  select r.identity, r.identity, r.relowner, x.grantee, x.privilege_type, a.attname, x.is_grantable
  from relation as r
  join pg_attribute as a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped and a.attacl is not null
  cross join lateral aclexplode(a.attacl) as x
  union all
  select r.identity, 'sequence ' || s.oid::regclass::text, s.relowner, x.grantee, x.privilege_type, null, x.is_grantable
  from relation as r
  join pg_depend as d on d.refclassid = 'pg_class'::regclass and d.refobjid = r.oid and d.refobjsubid > 0
    and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
  join pg_class as s on s.oid = d.objid and s.relkind = 'S'
  cross join lateral aclexplode(coalesce(s.relacl, acldefault('s', s.relowner))) as x
  union all
  select null, 'function ' || f.identity, f.proowner, x.grantee, x.privilege_type, null, x.is_grantable
  from routine as f
  cross join lateral aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as x
  union all
  select null, 'schema ' || quote_ident(n.nspname), n.nspowner, x.grantee, x.privilege_type, null, x.is_grantable
  from pg_namespace as n
  cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as x
  where n.nspname = any ('{public}' || %(schemas)s::text[] || %(table_schemas)s::text[] || %(function_schemas)s::text[])
),
attached (kind, identity, belongs, definition) as (
  select o.kind, o.identity, o.belongs, json_strip_nulls(o.definition) from object as o
  union all
  select 'comment', o.kind || ' ' || o.identity, o.belongs, json_build_object('text', d.description)
  from object as o
  join pg_description as d on d.classoid = o.classid and d.objoid = o.objid and d.objsubid = o.objsubid
  where o.kind <> 'extension'
  union all
  select 'grant',
    p.name || coalesce(' (' || quote_ident(p.column_name) || ')', '') || ' on ' || p.place || ' to ' || g.name, p.belongs,
    json_strip_nulls(json_build_object('privilege', p.name, 'column', quote_ident(p.column_name), 'on', p.place, 'to', g.name,
      'grantable', bool_or(p.grantable)))
  from privilege as p
  cross join lateral (select case when p.grantee = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(p.grantee)) end) as g (name)
  where p.grantee <> p.owner
  group by p.belongs, p.place, p.name, p.column_name, g.name
  union all
  select 'role', quote_ident(r.rolname), null,
    json_build_object('superuser', r.rolsuper, 'bypass_rls', r.rolbypassrls, 'create_role', r.rolcreaterole,
      'create_database', r.rolcreatedb, 'replication', r.rolreplication, 'login', r.rolcanlogin,
      'member_of', (
        select coalesce(json_agg(quote_ident(g.rolname) order by g.rolname), '[]')
        from pg_auth_members as m
        join pg_roles as g on g.oid = m.roleid
        where m.member = r.oid and g.rolname !~ '^pgsodium'
      ))
  from pg_roles as r
  where r.rolname = any (%(roles)s::text[])
  union all
  select 'publication', r.identity || ' in ' || quote_ident(p.pubname), r.identity,
    json_build_object('publication', quote_ident(p.pubname), 'through', m.way)
  from pg_publication as p
  cross join lateral (
    select m.prrelid, 'table' from pg_publication_rel as m where m.prpubid = p.oid
    union
    select r.oid, 'schema' from relation as r join pg_publication_namespace as m on m.pnnspid = r.relnamespace where m.pnpubid = p.oid
    union
    select r.oid, 'all tables' from relation as r where p.puballtables and r.relkind in ('r', 'p') and r.relpersistence = 'p'
  ) as m (relation, way)
  join relation as r on r.oid = m.relation
  union all
  -- What would be given away with every table or function that our owner, or we, make next. That
  -- functions are for PUBLIC is PostgreSQL's own default, which a global entry merely repeats.
  select 'default privileges',
    w.objects || coalesce(' in schema ' || quote_ident(n.nspname), '') || ' by ' || quote_ident(pg_get_userbyid(d.defaclrole)), null,
    json_strip_nulls(json_build_object('role', quote_ident(pg_get_userbyid(d.defaclrole)), 'schema', quote_ident(n.nspname),
      'objects', w.objects, 'grants', json_agg(x.privileges || ' to ' || x.grantee order by x.grantee)))
  from pg_default_acl as d
  cross join lateral (select case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' else 'functions' end) as w (objects)
  left join pg_namespace as n on n.oid = d.defaclnamespace
  cross join lateral (
    select case when e.grantee = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(e.grantee)) end,
      string_agg(e.privilege_type, ', ' order by e.privilege_type)
    from aclexplode(d.defaclacl) as e
    where (e.grantee = 0 and not (d.defaclobjtype = 'f' and d.defaclnamespace = 0))
      or e.grantee in (select r.oid from pg_roles as r where r.rolname = any (%(roles)s::text[]))
    group by e.grantee
  ) as x (grantee, privileges)
  where d.defaclobjtype in ('r', 'S', 'f')
    and d.defaclrole in (select oid from owner union all select r.oid from pg_roles as r where r.rolname = current_user)
    and (d.defaclnamespace = 0 or n.nspname = any (%(schemas)s::text[] || %(table_schemas)s::text[] || %(function_schemas)s::text[]))
  group by d.oid, d.defaclrole, n.nspname, w.objects
),
-- Everything else, but for what the server and Supabase bring along and what belongs to extensions.
elsewhere as materialized (
  select n.oid, n.nspname
  from pg_namespace as n
  where n.nspname !~ '^(pg_|information_schema$|auth$|storage$|realtime$|_realtime$|extensions$|graphql|vault$|pgsodium|net$|cron$|supabase_|_supabase$|_analytics$|pgbouncer$)'
),
stranger (kind) as (
  select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' else 'table' end
  from pg_class as c
  where c.relnamespace in (select oid from elsewhere)
    and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and c.oid not in (select oid from relation)
    and not exists (
      select from pg_depend as d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
        and (d.deptype = 'e' or c.relkind = 'S' and d.deptype in ('a', 'i'))
    )
  union all
  select 'function'
  from pg_proc as p
  where p.pronamespace in (select oid from elsewhere)
    and p.oid not in (select oid from routine)
    and not exists (select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  union all
  select 'type'
  from pg_type as t
  left join pg_class as c on c.oid = t.typrelid
  where t.typnamespace in (select oid from elsewhere)
    and (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
    and not exists (select from pg_depend as d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
  union all
  select 'schema' from elsewhere where nspname <> 'public' and nspname <> all (%(schemas)s::text[])
)
select json_build_object(
  'server_version', split_part(current_setting('server_version'), ' ', 1),
  'owner', (select quote_ident(pg_get_userbyid(oid)) from owner where oid is not null),
  'asks_auth', (
    select bool_and(has_schema_privilege(n.oid, 'usage') and has_function_privilege(p.oid, 'execute'))
    from pg_proc as p
    join pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'auth' and p.proname in ('uid', 'role') and p.pronargs = 0
    having count(*) = 2
  ),
  -- Offered is what our owner, or whoever is to become it, may install.
  'available', (
    select coalesce(json_object_agg(e.name, e.default_version), '{}')
    from pg_available_extensions() as e
    where e.name = any (%(extensions)s::text[]) and (
      exists (select from pg_extension as i where i.extname = e.name) or exists (
        select from pg_available_extension_versions() as v
        join pg_roles as r on r.oid = coalesce((select oid from owner), (select u.oid from pg_roles as u where u.rolname = current_user))
        where v.name = e.name and v.version = e.default_version
          and (not v.superuser or v.trusted or r.rolsuper) and has_database_privilege(r.oid, current_database(), 'create')
      )
    )
  ),
  'objects', (select coalesce(json_agg(json_build_array(a.kind, a.identity, a.belongs, a.definition)), '[]') from attached as a),
  'foreign', (select coalesce(json_object_agg(f.kind, f.n), '{}') from (select kind, count(*) as n from stranger group by kind) as f)
)::text
