-- Permissive policies that let anybody they are for write any row. What is true of every row is
-- told by its words: a constant, a column that is never null, or only that somebody is signed in.
select pg_catalog.format('%%I on %%I.%%I', p.polname, n.nspname, c.relname),
       pg_catalog.format('%%s may write any row%%s', to_.roles,
         case when p.polqual is not null and p.polwithcheck is not null and not own.every then ', whatever is in it' else '' end),
       'error',
       case when p.polcmd = '*' and own.every then
         -- Reading stays as it is.
         pg_catalog.format('create policy %%I on %%I.%%I for select to %%s using (%%s); ',
           pg_catalog.left(p.polname, 57) || '_read', n.nspname, c.relname, to_.names, own.expr)
       else '' end
       || pg_catalog.format('alter policy %%I on %%I.%%I%%s%%s;', p.polname, n.nspname, c.relname,
         case when own.every then ' using (' || whose.rows || ')' else '' end,
         case when p.polcmd in ('a', 'w', '*')
           then ' with check (' || case when own.every then whose.rows else coalesce(own.expr, whose.rows) end || ')'
           else '' end)
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select pg_catalog.max(said.expr) filter (where said.clause = 'using') as expr,
         pg_catalog.max(said.expr) filter (where said.clause = 'check') as check,
         coalesce(pg_catalog.bool_or(said.every) filter (where said.clause = 'using'), false) as every,
         coalesce(pg_catalog.bool_or(said.every) filter (where said.clause = 'check'), false) as every_new
  from (
    select given.clause, given.expr,
           bare.expr = 'true'
           or bare.expr ~ '^(''?\w+''?(::\w+)?) = \1$'
           or bare.expr ~ '^(SELECT )?auth\.(uid\(\)|role\(\)|jwt\(\))( AS \w+\))? IS NOT NULL$'
           or bare.expr ~ '^(SELECT )?auth\.role\(\)( AS \w+\))? = ''(anon|authenticated)''::text$'
           or exists (
             select from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnotnull and not a.attisdropped
               and bare.expr = pg_catalog.quote_ident(a.attname) || ' IS NOT NULL') as every
    from (values ('using', pg_catalog.pg_get_expr(p.polqual, p.polrelid)),
                 ('check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))) as given (clause, expr)
    cross join lateral (select pg_catalog.regexp_replace(given.expr, '^[( ]+|\)$', '', 'g') as expr) as bare
  ) as said
) as own
cross join lateral (
  select pg_catalog.string_agg(case when u.role = 0 then 'everybody' else r.rolname::text end, ', ') as roles,
         pg_catalog.string_agg(case when u.role = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end, ', ') as names
  from pg_catalog.unnest(p.polroles) as u (role)
  left join pg_catalog.pg_roles r on r.oid = u.role
  where u.role = 0 or not (r.rolbypassrls or r.rolsuper or r.rolname = 'service_role')
) as to_
cross join lateral (
  select coalesce((
    select pg_catalog.format('%%I = (select auth.uid())', a.attname)
    from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and not a.attisdropped and a.attname in ('userId', 'user_id', 'owner_id', 'owner')
    order by a.attnum limit 1), 'false') as rows
) as whose
where p.polpermissive and p.polcmd <> 'r' and to_.roles is not null
  and (own.every or own.every_new)
  -- An UPDATE needs both.
  and not (p.polcmd = 'w' and 'false' in (own.expr, coalesce(own.check, own.expr)))
  and n.nspname <> all(%(platform)s)
order by 1
