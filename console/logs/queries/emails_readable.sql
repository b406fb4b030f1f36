-- Whether this role may look e-mails up by an id of type uuid.
select count(*) = 2
from pg_catalog.pg_attribute a
where a.attrelid = pg_catalog.to_regclass('public.users')
  and (a.attname = 'email' or a.attname = 'id' and a.atttypid = 'uuid'::pg_catalog.regtype)
  and pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'select')
