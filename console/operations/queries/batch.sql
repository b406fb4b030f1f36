-- One batch of a policy. The policy is held as it was announced: if somebody has changed it there
-- is no row, and nothing is deleted.
with policy as materialized (
  select p."tableName" from public.retention_policies as p
  where p."tableName" = {table} and p."retentionDays" = {days} and p.enabled
  for share
)
select b.rows_found, b.rows_deleted
from policy
cross join lateral public.cleanup_retention_batch(policy."tableName", {limit}) as b
