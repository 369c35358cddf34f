-- Where the tables are on the way from version 2 to 3, and filling the columns in batches.

-- name: sessions_columns
SHOW COLUMNS FROM {sessions};

-- name: bindings_columns
SHOW COLUMNS FROM {bindings};

-- name: stored_version
SELECT value FROM {meta} WHERE name = 'schema';

-- name: next_bindings
SELECT session_key FROM {bindings} WHERE session_key > :after ORDER BY session_key LIMIT :limit;

-- name: fill
-- The session is locked before the binding, as everywhere. What it joins must be read as it was committed last, which
-- this form of UPDATE does: a subquery would read an older state, and bring a login back that has ended.
UPDATE {sessions} AS s
STRAIGHT_JOIN {bindings} AS b ON b.session_key = s.id AND b.generation = s.generation
STRAIGHT_JOIN {logins} AS l ON l.login = b.login
SET s.user_unfinished = l.user, s.identity = l.identity, s.more = l.more, s.until = b.until
WHERE s.id IN ([:key]);
