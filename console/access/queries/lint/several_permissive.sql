-- More than one permissive policy for a role and a command: each is asked for every row.
select pg_catalog.format('%%I.%%I', n.nspname, c.relname),
       pg_catalog.format('%%s for %%s of %%s', pg_catalog.string_agg(distinct p.polname, ', '), k.word, r.rolname),
       'warning',
       pg_catalog.format('-- one policy of %%s for %%s: using (%%s)', r.rolname, k.word,
         pg_catalog.string_agg('(' || coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid),
           pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) || ')', ' or ' order by p.polname))
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join (values ('r', 'select'), ('a', 'insert'), ('w', 'update'), ('d', 'delete')) as k (letter, word)
join pg_catalog.pg_roles r on r.rolname = any(%(api)s) and (p.polroles = array[0]::oid[] or r.oid = any(p.polroles))
where p.polpermissive and p.polcmd::text in (k.letter, '*') and n.nspname <> all(%(platform)s)
group by n.nspname, c.relname, r.rolname, k.word
having pg_catalog.count(*) > 1
order by 1, 2
