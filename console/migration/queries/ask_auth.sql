-- What auth.uid() and auth.role() answer to somebody's claims, and to none. Taken back at the end.
savepoint rowsight_claims;
select set_config('request.jwt.claim', '', true), set_config('request.jwt.claim.sub', '', true),
  set_config('request.jwt.claim.role', '', true),
  set_config('request.jwt.claims', '{"sub": "6f1c9d52-8a34-4c1e-9b7d-2f50c3a8e419", "role": "authenticated"}', true);
select auth.uid()::text, auth.role()::text;
select set_config('request.jwt.claims', '', true);
select auth.uid()::text, nullif(auth.role()::text, '');
rollback to savepoint rowsight_claims
