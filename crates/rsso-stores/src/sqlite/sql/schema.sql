-- The tables. Each statement may run any number of times.

-- name: create
-- `sequence` counts a user's logins, `storm_…` the kicks of a short time. A tombstone lies in {tombstones}, what a
-- gateway acknowledges in {receipts}; an event that tells of a login's end is kept in {ends} after the outbox
-- forgot it. `user`, `identity`, `more` and `until` of a session repeat what {bindings} and {logins} say of it, so that
-- a read needs no join: NULL if it has no login.
CREATE TABLE IF NOT EXISTS {sessions} (
  id BLOB PRIMARY KEY NOT NULL,
  generation INTEGER NOT NULL,
  revision BLOB NOT NULL,
  expires INTEGER NOT NULL,
  user BLOB,
  identity TEXT,
  more TEXT,
  until INTEGER,
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

-- name: has_login_columns
SELECT 1 FROM pragma_table_info({sessions_text}) WHERE name = 'user'

-- name: add_login_columns
-- To a table of version 2.
ALTER TABLE {sessions} ADD COLUMN user BLOB;
ALTER TABLE {sessions} ADD COLUMN identity TEXT;
ALTER TABLE {sessions} ADD COLUMN more TEXT;
ALTER TABLE {sessions} ADD COLUMN until INTEGER;

-- name: fill_login_columns
UPDATE {sessions} SET (user, identity, more, until) = (
  SELECT l.user, l.identity, l.more, b.until FROM {bindings} AS b JOIN {logins} AS l ON l.login = b.login
  WHERE b.session = {sessions}.id AND b.generation = {sessions}.generation)
WHERE user IS NOT NULL OR id IN (SELECT session FROM {bindings})

-- name: count_triggers
SELECT COUNT(*) FROM sqlite_schema WHERE type = 'trigger' AND name COLLATE NOCASE IN ({trigger_texts})

-- name: triggers
-- They keep a session's columns in step with its binding, also when an rsso of version 2 writes, which does not know
-- the columns. The rows of the session and of the login are there before the binding. A session whose generation
-- changes is another one.
CREATE TRIGGER IF NOT EXISTS {on_bind} AFTER INSERT ON {bindings} BEGIN {copy_login}; END;
CREATE TRIGGER IF NOT EXISTS {on_binding_change} AFTER UPDATE ON {bindings} BEGIN {copy_login}; END;
CREATE TRIGGER IF NOT EXISTS {on_unbind} AFTER DELETE ON {bindings} BEGIN
  UPDATE {sessions} SET user = NULL, identity = NULL, more = NULL, until = NULL
  WHERE id = old.session AND user IS NOT NULL;
END;
CREATE TRIGGER IF NOT EXISTS {on_new_generation} AFTER UPDATE OF generation ON {sessions}
WHEN new.generation <> old.generation AND new.user IS NOT NULL BEGIN
  UPDATE {sessions} SET user = NULL, identity = NULL, more = NULL, until = NULL WHERE id = new.id;
END;

-- name: copy_login
UPDATE {sessions} SET (user, identity, more, until) = (
  SELECT l.user, l.identity, l.more, new.until FROM {logins} AS l
  WHERE l.login = new.login AND {sessions}.generation = new.generation)
WHERE id = new.session
