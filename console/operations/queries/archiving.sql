-- Whether finished files of the log are archived; failures count since the last success.
select current_setting('archive_mode') as mode,
       a.archived_count as archived,
       a.last_archived_time::text as last_archived,
       a.last_failed_time::text as last_failed,
       a.last_failed_wal as failed_file,
       case when a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
         then a.failed_count else 0 end as failures
from pg_stat_archiver as a
