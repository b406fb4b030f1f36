-- One row of a log as an entry. The last column is the number of the transaction that wrote the
-- row, of 64 bits: a row holds the lower 32 only, the others are those of the newest transaction.
select {name} as source,
       a.{id}::text as id,
       (extract(epoch from case when {dated} then a.{time} end) * 1000000)::bigint as microseconds,
       {user} as who, {action} as action, {resource} as resource, {resource_id} as resource_id,
       {detail} as detail,
       {transaction} as written_by
from {table} a
