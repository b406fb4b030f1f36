-- The jobs of pg_cron with their last run.
select j.jobid as id,
       coalesce(j.jobname, 'job ' || j.jobid) as name,
       j.schedule,
       j.active,
       left(j.command, 200) as command,
       r.status,
       left(r.return_message, 200) as message,
       r.start_time::text as started,
       extract(epoch from r.end_time - r.start_time) as seconds
from cron.job as j
left join lateral (
  select d.* from cron.job_run_details as d where d.jobid = j.jobid order by d.runid desc limit 1
) as r on true
order by j.jobid
