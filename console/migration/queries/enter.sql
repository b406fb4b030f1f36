-- The first statement of an apply: a killed client frees its locks within half a second (only
-- Windows servers cannot), who we are to the others, and whether we are the only one.
select pg_catalog.pg_backend_pid(),
       pg_catalog.pg_try_advisory_xact_lock(%s),
       case when pg_catalog.version() !~* 'windows|mingw|visual c' then
         pg_catalog.set_config('client_connection_check_interval', '500ms', true)
       end
