-- The log on disk. For pg_monitor only.
select count(*) as files,
       coalesce(sum(f.size), 0) as bytes,
       pg_size_bytes(current_setting('max_wal_size')) as max_bytes
from pg_ls_waldir() as f
