-- The tables of schema 2, as an rsso that knows no later one makes them.
CREATE TABLE IF NOT EXISTS rsso_sessions (
  id BLOB PRIMARY KEY NOT NULL,
  generation INTEGER NOT NULL,
  revision BLOB NOT NULL,
  expires INTEGER NOT NULL,
  data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS rsso_sessions_expires ON rsso_sessions (expires, id);

CREATE TABLE IF NOT EXISTS rsso_users (
  user BLOB PRIMARY KEY NOT NULL,
  realm TEXT NOT NULL,
  head TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  storm_since INTEGER NOT NULL,
  storm_count INTEGER NOT NULL,
  storm_raging INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS rsso_logins (
  login BLOB PRIMARY KEY NOT NULL,
  user BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  device TEXT NOT NULL,
  identity TEXT NOT NULL,
  more TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS rsso_logins_user ON rsso_logins (user, sequence);

CREATE TABLE IF NOT EXISTS rsso_bindings (
  session BLOB PRIMARY KEY NOT NULL,
  generation INTEGER NOT NULL,
  login BLOB NOT NULL,
  until INTEGER
);
CREATE INDEX IF NOT EXISTS rsso_bindings_login ON rsso_bindings (login);

CREATE TABLE IF NOT EXISTS rsso_kicks (
  session BLOB PRIMARY KEY NOT NULL,
  expires INTEGER NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS rsso_kicks_expires ON rsso_kicks (expires);

CREATE TABLE IF NOT EXISTS rsso_events (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  realm TEXT NOT NULL,
  at INTEGER NOT NULL,
  event TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS rsso_events_realm ON rsso_events (realm, position);

CREATE TABLE IF NOT EXISTS rsso_ends (
  position INTEGER PRIMARY KEY NOT NULL,
  realm TEXT NOT NULL,
  at INTEGER NOT NULL,
  event TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS rsso_ends_realm ON rsso_ends (realm, position);

CREATE TABLE IF NOT EXISTS rsso_receipts (
  name BLOB PRIMARY KEY NOT NULL,
  until INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS rsso_words (
  word TEXT PRIMARY KEY NOT NULL,
  at INTEGER NOT NULL
);

PRAGMA user_version = 2;
