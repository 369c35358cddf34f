-- rsso's own tables, and the steps from version 2. Each statement may run any number of times.

-- name: meta
CREATE TABLE IF NOT EXISTS {meta} (
  name VARBINARY(32) NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
) ENGINE=InnoDB;

-- name: sessions
-- Since version 1. Since version 3 also what `bindings` and `logins` say of the session.
CREATE TABLE IF NOT EXISTS {sessions} (
  id VARBINARY(257) NOT NULL PRIMARY KEY,
  generation BIGINT NOT NULL,
  revision BINARY(16) NOT NULL,
  expires BIGINT NOT NULL,
  data LONGBLOB NOT NULL,
  {login_user} BINARY(32) NULL,
  identity BLOB NULL,
  more BLOB NULL,
  until BIGINT NULL,
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
-- Since version 2. Which session has which login. Until version 3 its key was `session`.
CREATE TABLE IF NOT EXISTS {bindings} (
  session_key VARBINARY(257) NOT NULL PRIMARY KEY,
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

-- name: add_columns
-- From version 2: columns for the login of a session. They are not used while one is called `user_unfinished`.
SET @schema_step = IF(EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = {sessions_name} AND column_name = 'user')
  AND EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = {bindings_name} AND column_name = 'session'),
  CONCAT('ALTER TABLE ', {sessions_text}, ' RENAME COLUMN user TO user_unfinished'), 'DO 0');
{run_step};
SET @schema_step = IF(EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = {sessions_name} AND column_name IN ('user', 'user_unfinished')), 'DO 0',
  CONCAT('ALTER TABLE ', {sessions_text}, ' ADD COLUMN user_unfinished BINARY(32) NULL,
    ADD COLUMN identity BLOB NULL, ADD COLUMN more BLOB NULL, ADD COLUMN until BIGINT NULL'));
{run_step}

-- name: rename_key
-- From here on an rsso that does not know the columns is refused: it would not fill them. Newer ones do.
SET @schema_step = IF(EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = {bindings_name} AND column_name = 'session_key'), 'DO 0',
  CONCAT('ALTER TABLE ', {bindings_text}, ' RENAME COLUMN session TO session_key'));
{run_step}

-- name: fill_all
-- What was there before. `rsso schema mysql --apply` does it in small batches: prefer that for a site in use.
-- Sessions are locked before anything else, as everywhere. No gaps are locked, and what is joined is read as it was
-- committed last: an older state would bring a login back that has ended.
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET @schema_step = IF(NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = {sessions_name} AND column_name = 'user_unfinished'), 'DO 0',
  CONCAT('UPDATE ', {sessions_text}, ' AS s STRAIGHT_JOIN ', {bindings_text}, ' AS b ON b.session_key = s.id
    AND b.generation = s.generation STRAIGHT_JOIN ', {logins_text}, ' AS l ON l.login = b.login
    SET s.user_unfinished = l.user, s.identity = l.identity, s.more = l.more, s.until = b.until'));
{run_step}

-- name: finish
-- The columns are filled: from here on they are read.
SET @schema_step = IF(NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = {sessions_name} AND column_name = 'user_unfinished'), 'DO 0',
  CONCAT('ALTER TABLE ', {sessions_text}, ' RENAME COLUMN user_unfinished TO user'));
{run_step}

-- name: run_step
PREPARE schema_step FROM @schema_step;
EXECUTE schema_step;
DEALLOCATE PREPARE schema_step

-- name: version
-- It never goes back: a newer rsso may have been here.
INSERT INTO {meta} (name, value) VALUES ('schema', IF(EXISTS (SELECT 1 FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = {sessions_name} AND column_name = 'user'), {schema_version}, 2))
  ON DUPLICATE KEY UPDATE value = GREATEST(value, VALUES(value));
