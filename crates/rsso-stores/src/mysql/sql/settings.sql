-- What each connection sets for itself, whatever the server's own settings are.
-- A variable that not every server has stands in a comment that only servers with it execute.

-- name: variables
SET NAMES {charset},
  sql_mode = 'STRICT_ALL_TABLES',
  autocommit = 1,
  completion_type = 0,
  sql_auto_is_null = 0,
  sql_big_selects = 1,
  sql_safe_updates = 0,
  sql_select_limit = 18446744073709551615,
  max_sort_length = 1024,
  low_priority_updates = 0,
  wait_timeout = {wait_timeout},
  net_read_timeout = {net_timeout},
  net_write_timeout = {net_timeout},
  /*M!100000 max_statement_time = 0,
  idle_transaction_timeout = 0,
  idle_readonly_transaction_timeout = 0,
  idle_write_transaction_timeout = 0, */
  /*!80000 max_execution_time = 0, */
  lock_wait_timeout = {table_wait},
  innodb_lock_wait_timeout = {row_wait};

-- name: transactions
-- As variables these two have different names on MySQL and MariaDB.
SET SESSION TRANSACTION READ WRITE, ISOLATION LEVEL REPEATABLE READ;
