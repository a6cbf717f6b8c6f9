-- Who may ask the coordinator over HTTP. Of a token's secret only its hash is here; no view shows this table.
create table espalier.token (
  id bigint generated always as identity primary key,
  name text not null,
  role text not null check (role in ('reader', 'submitter', 'admin')),
  hash bytea not null unique check (length(hash) = 32),  -- SHA-256: the secret has 256 random bits
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create unique index token_name on espalier.token (name) where revoked_at is null;
revoke all on espalier.token from public;
