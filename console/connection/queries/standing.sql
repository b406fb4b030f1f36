-- Which cluster answers, on which timeline, as what. The control data names the timeline of the
-- last checkpoint, which may be behind a promotion; a primary's log position tells it at once.
select c.system_identifier::pg_catalog.text,
       case when pg_catalog.pg_is_in_recovery() then
         (select p.timeline_id from pg_catalog.pg_control_checkpoint() p)
       else
         ('x' operator(pg_catalog.||) pg_catalog.left(
           pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)
         )::pg_catalog.bit(32)::pg_catalog.int4
       end,
       pg_catalog.pg_is_in_recovery()
  from pg_catalog.pg_control_system() c
