"""Who may do what, as data. See `world` for the callers and the rows."""

from __future__ import annotations

MATRIX = """
                                    anon  owner  stranger  member  admin  claim  service
users                               ----  ++++   .x..      .x..    .x..   .x..   ++++
sessions                            ----  +--+   .--.      .--.    .--.   .--.   ++++
mfa_enforced_sessions               ----  +--+   .--.      .--.    .--.   .--.   ++++
events                              ----  ++++   .x..      .x..    .x..   .x..   ++++
patterns                            ----  ++++   .x..      .x..    .x..   .x..   ++++
relationships                       ----  ++++   .x..      .x..    .x..   .x..   ++++
subscriptions                       ----  +---   .---      .---    .---   .---   ++++
utm_tracks                          ----  +---   .---      .---    .---   .---   ++++
cohorts                             ----  +---   .---      .---    .---   .---   ++++
feature_flags                       +---  +---   +---      +---    +---   +---   ++++
offers                              +---  +---   +---      +---    +---   +---   ++++
offers, disabled                    .---  .---   .---      .---    .---   .---   ++++
privacy_prefs                       ----  ++++   .x..      .x..    .x..   .x..   ----
app_allowlist                       ----  ++++   .x..      .x..    .x..   .x..   ++++
signal_toggles                      ----  ++++   .x..      .x..    .x..   .x..   ++++
telemetry_events                    ----  ++--   .x--      .x--    .x--   .x--   ----
privacy_transparency_log            ----  +---   .---      .---    .---   .---   ----
audit_logs                          ----  +---   .---      .---    .---   .---   ++++
audit_log                           ----  ++--   .x--      .x--    .x--   .x--   ++++
retention_policies                  ----  ----   ----      ----    ----   ----   ++++
metrics_log                         ----  ----   ----      ----    ----   ----   ++++
organizations                       ----  +-+-   .-.-      +-.-    +-+-   .-.-   ++++
organization_members                ----  ++++   .x..      +x..    ++++   .x..   ++++
workflows                           ----  ++++   .x..      .x..    .x..   .x..   ++++
workflows, organization's           ----  ++++   .x..      +x..    +x..   .x..   ++++
workflow_versions                   ----  ++++   .x..      .x..    .x..   .x..   ++++
workflow_versions, organization's   ----  ++++   .x..      +x..    +x..   .x..   ++++
workflow_executions                 ----  ++++   .x..      .x..    .x..   .x..   ++++
workflow_executions, organization's ----  ++++   .x..      +x..    +x..   .x..   ++++
workflow_runs                       ----  +++-   .x.-      .x.-    .x.-   .x.-   ++++
user_integrations                   ----  ++++   .x..      .x..    .x..   .x..   ++++
user_integrations, organization's   ----  ++++   .x..      +x..    +x++   .x..   ++++
analytics_events                    ----  ----   ----      ----    ----   ----   ++++
spend                               ----  ----   ----      ----    ----   ----   ++++
metrics_daily                       ----  ----   ----      ----    ----   ----   ++++
roles                               +---  +---   +---      +---    +---   +---   ++++
"""
"""SELECT, INSERT, UPDATE, DELETE of the line's row by each caller.

`+` done, `.` no row to be seen, `-` no privilege, `x` refused by a policy's CHECK. Nobody
in it may TRUNCATE anything. INSERT writes a row for the same user or organization.
"""

EXECUTE = """
                                                  anon  authenticated  service
auth.uid()                                        +     +              +
public.is_admin()                                 -     +              -
public.is_org_member(uuid)                        -     +              -
public.is_org_admin(uuid)                         -     +              -
public.redact_telemetry_metadata(jsonb)           -     +              +
public.encrypt_telemetry_metadata(jsonb,text)     -     +              +
public.get_table_sizes()                          -     -              +
public.get_index_usage()                          -     -              +
public.privacy_guardian_health_check()            -     -              +
public.system_healthcheck()                       -     -              +
public.count_retention_data()                     -     -              +
public.cleanup_retention_batch(text,integer)      -     -              +
public.cleanup_retention_data()                   -     -              +
public.count_telemetry_by_retention()             -     -              +
public.cleanup_telemetry_batch(integer)           -     -              +
public.cleanup_telemetry_by_retention()           -     -              +
public.audit_rls_violation(text,uuid,text)        -     -              +
public.upsert_events(jsonb)                       -     -              +
public.upsert_spend(jsonb)                        -     -              +
public.recompute_metrics_daily(date,date)         -     -              +
public.update_updated_at_column()                 -     -              -
public.auto_redact_telemetry()                    -     -              -
private.my_org_ids()                              -     +              -
private.my_admin_org_ids()                        -     +              -
private.is_org_member(uuid)                       -     +              -
private.is_org_admin(uuid)                        -     +              -
private.require_all_rows(regclass)                -     -              -
private.retention_rules()                         -     -              -
private.log_privacy_change()                      -     -              -
private.refuse_log_change()                       -     -              -
"""
"""EXECUTE of each function by each role; authenticated whatever the claims."""

READABLE_COLUMNS = {"users": "id email emailVerified name image createdAt updatedAt"}
"""Where authenticated may not SELECT every column: those it may."""

INSERTABLE_COLUMNS = {
    "users": "id email name image",
    "audit_log": "user_id action meta",
}
"""Where authenticated may not INSERT every column: those it may."""

UPDATABLE_COLUMNS = {
    "users": "name image",
    "organizations": "name slug settings",
    "user_integrations": "organizationId provider name config isActive lastSyncAt",
}
"""Where authenticated may not UPDATE every column: those it may."""


def cells(matrix: str) -> dict[str, dict[str, str]]:
    """Reads a matrix into line → caller → letters."""
    header, *lines = matrix.strip("\n").splitlines()
    callers = header.split()
    result = {}
    for words in map(str.split, lines):
        line = " ".join(words[: -len(callers)])
        result[line] = dict(zip(callers, words[-len(callers) :], strict=True))
    return result
