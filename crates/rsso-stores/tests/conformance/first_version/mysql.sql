-- The tables of schema 2, as an rsso that knows no later one makes them.
CREATE TABLE IF NOT EXISTS rsso_meta (
  name VARBINARY(32) NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS rsso_sessions (
  id VARBINARY(257) NOT NULL PRIMARY KEY,
  generation BIGINT NOT NULL,
  revision BINARY(16) NOT NULL,
  expires BIGINT NOT NULL,
  data LONGBLOB NOT NULL,
  KEY expires (expires)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS rsso_marks (
  id VARBINARY(257) NOT NULL PRIMARY KEY,
  generation BIGINT NOT NULL,
  revision BINARY(16) NOT NULL
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS rsso_users (
  user BINARY(32) NOT NULL PRIMARY KEY,
  realm VARBINARY(64) NOT NULL,
  head BLOB NOT NULL,
  sequence BIGINT NOT NULL,
  storm_since BIGINT NOT NULL,
  storm_count BIGINT NOT NULL,
  storm_raging TINYINT NOT NULL
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS rsso_logins (
  login BINARY(16) NOT NULL PRIMARY KEY,
  user BINARY(32) NOT NULL,
  sequence BIGINT NOT NULL,
  device VARBINARY(32) NOT NULL,
  identity BLOB NOT NULL,
  more BLOB NOT NULL,
  KEY user_sequence (user, sequence)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS rsso_bindings (
  session VARBINARY(257) NOT NULL PRIMARY KEY,
  generation BIGINT NOT NULL,
  login BINARY(16) NOT NULL,
  until BIGINT NULL,
  KEY login (login)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS rsso_kicks (
  session VARBINARY(257) NOT NULL PRIMARY KEY,
  expires BIGINT NOT NULL,
  detail BLOB NOT NULL,
  KEY expires (expires)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS rsso_realms (
  realm VARBINARY(64) NOT NULL PRIMARY KEY,
  position BIGINT NOT NULL
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS rsso_events (
  realm VARBINARY(64) NOT NULL,
  position BIGINT NOT NULL,
  at BIGINT NOT NULL,
  event MEDIUMBLOB NOT NULL,
  PRIMARY KEY (realm, position)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS rsso_receipts (
  name VARBINARY(80) NOT NULL PRIMARY KEY,
  until BIGINT NOT NULL,
  KEY until (until)
) ENGINE=InnoDB;

INSERT INTO rsso_meta (name, value) VALUES ('schema', 2) ON DUPLICATE KEY UPDATE value = GREATEST(value, VALUES(value));
