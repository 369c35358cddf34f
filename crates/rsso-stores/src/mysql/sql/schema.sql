-- rsso's own tables. Each statement may run any number of times.

-- name: meta
CREATE TABLE IF NOT EXISTS {meta} (
  name VARBINARY(32) NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
) ENGINE=InnoDB;

-- name: sessions
-- Since version 1.
CREATE TABLE IF NOT EXISTS {sessions} (
  id VARBINARY(257) NOT NULL PRIMARY KEY,
  generation BIGINT NOT NULL,
  revision BINARY(16) NOT NULL,
  expires BIGINT NOT NULL,
  data LONGBLOB NOT NULL,
  KEY expires (expires)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- name: versions
-- Since version 1. The versions of the sessions in an existing table.
CREATE TABLE IF NOT EXISTS {versions} (
  id VARBINARY(257) NOT NULL PRIMARY KEY,
  generation BIGINT NOT NULL,
  revision BINARY(16) NOT NULL
) ENGINE=InnoDB;

-- name: users
-- Since version 2. A row for each user who ever had a login. What acts on the user's logins locks it.
CREATE TABLE IF NOT EXISTS {users} (
  user BINARY(32) NOT NULL PRIMARY KEY,
  realm VARBINARY(64) NOT NULL,
  head BLOB NOT NULL,
  sequence BIGINT NOT NULL,
  storm_since BIGINT NOT NULL,
  storm_count BIGINT NOT NULL,
  storm_raging TINYINT NOT NULL
) ENGINE=InnoDB;

-- name: logins
-- Since version 2.
CREATE TABLE IF NOT EXISTS {logins} (
  login BINARY(16) NOT NULL PRIMARY KEY,
  user BINARY(32) NOT NULL,
  sequence BIGINT NOT NULL,
  device VARBINARY(32) NOT NULL,
  identity BLOB NOT NULL,
  more BLOB NOT NULL,
  KEY user_sequence (user, sequence)
) ENGINE=InnoDB;

-- name: bindings
-- Since version 2. Which session has which login.
CREATE TABLE IF NOT EXISTS {bindings} (
  session VARBINARY(257) NOT NULL PRIMARY KEY,
  generation BIGINT NOT NULL,
  login BINARY(16) NOT NULL,
  until BIGINT NULL,
  KEY login (login)
) ENGINE=InnoDB;

-- name: kicks
-- Since version 2. Tombstones.
CREATE TABLE IF NOT EXISTS {kicks} (
  session VARBINARY(257) NOT NULL PRIMARY KEY,
  expires BIGINT NOT NULL,
  detail BLOB NOT NULL,
  KEY expires (expires)
) ENGINE=InnoDB;

-- name: realms
-- Since version 2. How many events each realm has had.
CREATE TABLE IF NOT EXISTS {realms} (
  realm VARBINARY(64) NOT NULL PRIMARY KEY,
  position BIGINT NOT NULL
) ENGINE=InnoDB;

-- name: events
-- Since version 2. The outbox.
CREATE TABLE IF NOT EXISTS {events} (
  realm VARBINARY(64) NOT NULL,
  position BIGINT NOT NULL,
  at BIGINT NOT NULL,
  event MEDIUMBLOB NOT NULL,
  PRIMARY KEY (realm, position)
) ENGINE=InnoDB;

-- name: receipts
-- Since version 2. What gateways report.
CREATE TABLE IF NOT EXISTS {receipts} (
  name VARBINARY(80) NOT NULL PRIMARY KEY,
  until BIGINT NOT NULL,
  KEY until (until)
) ENGINE=InnoDB;

-- name: version
-- It never goes back: a newer rsso may have been here.
INSERT INTO {meta} (name, value) VALUES ('schema', {schema_version}) ON DUPLICATE KEY UPDATE value = GREATEST(value, VALUES(value));
