-- How an operation ended, if that is on record here. Clocks may differ by a day.
select a.action, a.metadata -> 'deleted' as deleted
from public.audit_logs as a
where a."timestamp" >= {begun}::timestamptz - interval '1 day'
  and a."resourceId" = {operation}
  and a.action in ('retention.run', 'retention.cancelled', 'retention.failed')
order by a."timestamp" desc
limit 1
