-- The tables. Each statement may run any number of times.

-- name: create
-- `sequence` counts a user's logins, `storm_…` the kicks of a short time. A tombstone lies in {tombstones}, what a
-- gateway acknowledges in {receipts}; an event that tells of a login's end is kept in {ends} after the outbox
-- forgot it.
CREATE TABLE IF NOT EXISTS {sessions} (
  id BLOB PRIMARY KEY NOT NULL,
  generation INTEGER NOT NULL,
  revision BLOB NOT NULL,
  expires INTEGER NOT NULL,
  data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS {sessions_expires} ON {sessions} (expires, id);

CREATE TABLE IF NOT EXISTS {users} (
  user BLOB PRIMARY KEY NOT NULL,
  realm TEXT NOT NULL,
  head TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  storm_since INTEGER NOT NULL,
  storm_count INTEGER NOT NULL,
  storm_raging INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS {logins} (
  login BLOB PRIMARY KEY NOT NULL,
  user BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  device TEXT NOT NULL,
  identity TEXT NOT NULL,
  more TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS {logins_user} ON {logins} (user, sequence);

CREATE TABLE IF NOT EXISTS {bindings} (
  session BLOB PRIMARY KEY NOT NULL,
  generation INTEGER NOT NULL,
  login BLOB NOT NULL,
  until INTEGER
);
CREATE INDEX IF NOT EXISTS {bindings_login} ON {bindings} (login);

CREATE TABLE IF NOT EXISTS {tombstones} (
  session BLOB PRIMARY KEY NOT NULL,
  expires INTEGER NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS {tombstones_expires} ON {tombstones} (expires);

CREATE TABLE IF NOT EXISTS {events} (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  realm TEXT NOT NULL,
  at INTEGER NOT NULL,
  event TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS {events_realm} ON {events} (realm, position);

CREATE TABLE IF NOT EXISTS {ends} (
  position INTEGER PRIMARY KEY NOT NULL,
  realm TEXT NOT NULL,
  at INTEGER NOT NULL,
  event TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS {ends_realm} ON {ends} (realm, position);

CREATE TABLE IF NOT EXISTS {receipts} (
  name BLOB PRIMARY KEY NOT NULL,
  until INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS rsso_words (
  word TEXT PRIMARY KEY NOT NULL,
  at INTEGER NOT NULL
);
