-- The first statement on every connection: who answers, and what we may do there.
-- Session settings are made only where the backend that answers is the one we logged in to:
-- through transaction pooling they would stay behind on somebody else's connection.
select current_setting('server_version_num')::int,
       current_setting('server_version'),
       current_database()::text,
       session_user::text,
       coalesce((select r.rolsuper from pg_catalog.pg_roles r where r.rolname = session_user), false),
       coalesce((select r.rolbypassrls from pg_catalog.pg_roles r where r.rolname = session_user), false),
       pg_catalog.pg_is_in_recovery(),
       coalesce((select s.ssl from pg_catalog.pg_stat_ssl s where s.pid = pg_catalog.pg_backend_pid()), false),
       pg_catalog.pg_backend_pid() <> %(pid)s,
       case when pg_catalog.pg_backend_pid() = %(pid)s then
         pg_catalog.set_config('default_transaction_read_only', %(read_only)s, false)
         || pg_catalog.set_config('idle_in_transaction_session_timeout', '60s', false)
         || pg_catalog.set_config('statement_timeout', %(statement_timeout)s, false)
         || pg_catalog.set_config('quote_all_identifiers', 'off', false)
         -- So that a query ends soon after the console that asked; Windows can't tell, and
         -- servers too old for us, which are told so later, don't know the setting.
         || case when pg_catalog.version() !~* 'windows|mingw|visual c'
                  and current_setting('server_version_num')::int >= 140000 then
              pg_catalog.set_config('client_connection_check_interval', '2s', false)
            end
       end
