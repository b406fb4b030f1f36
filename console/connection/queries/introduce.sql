-- The first statement on every connection: who answers, and what we may do there.
-- Every name is qualified, operators too: the search path is still the database's own, and
-- whoever set it may have put functions of his before the server's.
-- Session settings are made only where the backend that answers is the one we logged in to:
-- through transaction pooling they would stay behind on somebody else's connection. A pooler
-- tells a process of its own in session mode as well: where that mode is known, it is kept.
select pg_catalog.current_setting('server_version_num')::pg_catalog.int4,
       pg_catalog.current_setting('server_version'),
       pg_catalog.current_database()::pg_catalog.text,
       session_user::pg_catalog.text,
       coalesce((select r.rolsuper from pg_catalog.pg_roles r
                  where r.rolname operator(pg_catalog.=) session_user), false),
       coalesce((select r.rolbypassrls from pg_catalog.pg_roles r
                  where r.rolname operator(pg_catalog.=) session_user), false),
       pg_catalog.pg_is_in_recovery(),
       coalesce((select s.ssl from pg_catalog.pg_stat_ssl s
                  where s.pid operator(pg_catalog.=) pg_catalog.pg_backend_pid()), false),
       not (%(kept)s or pg_catalog.pg_backend_pid() operator(pg_catalog.=) %(pid)s),
       case when %(kept)s or pg_catalog.pg_backend_pid() operator(pg_catalog.=) %(pid)s then
         pg_catalog.concat(
           pg_catalog.set_config('default_transaction_read_only', %(read_only)s, false),
           pg_catalog.set_config('idle_in_transaction_session_timeout', '60s', false),
           pg_catalog.set_config('statement_timeout', %(statement_timeout)s, false),
           pg_catalog.set_config('quote_all_identifiers', 'off', false),
           -- A database may be set to read a backslash in a string otherwise than it is written.
           pg_catalog.set_config('standard_conforming_strings', 'on', false),
           -- So that a query ends soon after the console that asked; Windows can't tell, and
           -- servers too old for us, which are told so later, don't know the setting.
           case when pg_catalog.version() operator(pg_catalog.!~*) 'windows|mingw|visual c'
                 and pg_catalog.current_setting('server_version_num')::pg_catalog.int4
                     operator(pg_catalog.>=) 140000 then
             pg_catalog.set_config('client_connection_check_interval', '2s', false)
           end)
       end
