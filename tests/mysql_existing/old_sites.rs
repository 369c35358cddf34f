//! Sites from before rsso: their tables, and the PHP code that used them.

/// A sessions table and the PHP code that used it.
pub struct OldSite {
    pub create: &'static str,
    pub columns: &'static str,
    /// PHP code that registers the old handler; `$db` is a connection.
    pub old: &'static str,
    pub charset: &'static str,
    /// SQL that makes all rows expired.
    pub expire: &'static str,
    /// SQL that sets the other columns of a live row.
    pub live: &'static str,
}

/// A handler of six functions, in the style of such code: escaped by hand, with `REPLACE`, gc by last access.
const SIX_FUNCTIONS: &str = r#"
    function on_open($path, $name) { return true; }
    function on_close() { return true; }
    function on_read($id) {
        global $db;
        $id = mysqli_real_escape_string($db, $id);
        $old = time() - ini_get('session.gc_maxlifetime');
        $result = mysqli_query($db, "SELECT session_data FROM sessions WHERE session_id = '$id' AND session_last_access > $old");
        $row = mysqli_fetch_row($result);
        return $row ? $row[0] : '';
    }
    function on_write($id, $data) {
        global $db;
        $id = mysqli_real_escape_string($db, $id);
        $data = mysqli_real_escape_string($db, $data);
        return mysqli_query($db, "REPLACE INTO sessions (session_id, session_last_access, session_data) VALUES ('$id', " . time() . ", '$data')");
    }
    function on_destroy($id) {
        global $db;
        $id = mysqli_real_escape_string($db, $id);
        return mysqli_query($db, "DELETE FROM sessions WHERE session_id = '$id'");
    }
    function on_gc($lifetime) {
        global $db;
        mysqli_query($db, 'DELETE FROM sessions WHERE session_last_access < ' . (time() - $lifetime));
        return mysqli_affected_rows($db);
    }
    session_set_save_handler('on_open', 'on_close', 'on_read', 'on_write', 'on_destroy', 'on_gc');
"#;

/// A handler for Symfony's columns: `sess_lifetime` is the end of the session, `sess_time` its last write.
const ENDS_AT: &str = r#"
    final class EndsAt implements SessionHandlerInterface {
        public function __construct(private mysqli $db) {}
        public function open($path, $name): bool { return true; }
        public function close(): bool { return true; }
        public function read($id): string|false {
            $row = $this->db->execute_query('SELECT sess_data, sess_lifetime FROM sessions WHERE sess_id = ?', [$id])->fetch_row();
            return $row && $row[1] >= time() ? $row[0] : '';
        }
        public function write($id, $data): bool {
            $ends = time() + (int) ini_get('session.gc_maxlifetime');
            return (bool) $this->db->execute_query('INSERT INTO sessions (sess_id, sess_data, sess_lifetime, sess_time) VALUES (?, ?, ?, ?)
                ON DUPLICATE KEY UPDATE sess_data = VALUES(sess_data), sess_lifetime = VALUES(sess_lifetime), sess_time = VALUES(sess_time)',
                [$id, $data, $ends, time()]);
        }
        public function destroy($id): bool {
            return (bool) $this->db->execute_query('DELETE FROM sessions WHERE sess_id = ?', [$id]);
        }
        public function gc($lifetime): int|false {
            $this->db->execute_query('DELETE FROM sessions WHERE sess_lifetime < ?', [time()]);
            return $this->db->affected_rows;
        }
    }
    session_set_save_handler(new EndsAt($db));
"#;

pub const LAST_ACCESS_COLUMNS: &str = "id=session_id,data=session_data,time=session_last_access";

const fn last_access_site(create: &'static str, charset: &'static str) -> OldSite {
    OldSite {
        create,
        columns: LAST_ACCESS_COLUMNS,
        old: SIX_FUNCTIONS,
        charset,
        expire: "UPDATE sessions SET session_last_access = session_last_access - 5000",
        live: "session_last_access = UNIX_TIMESTAMP()",
    }
}

pub const INNODB: OldSite = last_access_site(
    "CREATE TABLE sessions (session_id varchar(32) NOT NULL, session_last_access int(10) unsigned,
     session_data mediumtext, PRIMARY KEY (session_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "utf8mb4",
);

/// A table in the style of the 2000s.
pub const MYISAM: OldSite = last_access_site(
    "CREATE TABLE sessions (session_id varchar(32) NOT NULL default '', session_last_access int(10) unsigned default NULL,
     session_data text, PRIMARY KEY (session_id)) ENGINE=MyISAM DEFAULT CHARSET=latin1",
    "latin1",
);

pub const LATIN1: OldSite = last_access_site(
    "CREATE TABLE sessions (session_id varchar(32) NOT NULL default '', session_last_access int(10) unsigned NOT NULL default '0',
     session_data mediumtext NOT NULL, PRIMARY KEY (session_id), KEY session_last_access (session_last_access))
     ENGINE=InnoDB DEFAULT CHARSET=latin1",
    "latin1",
);

pub const SYMFONY: OldSite = OldSite {
    create: "CREATE TABLE sessions (sess_id VARBINARY(128) NOT NULL PRIMARY KEY, sess_data BLOB NOT NULL,
     sess_lifetime INTEGER UNSIGNED NOT NULL, sess_time INTEGER UNSIGNED NOT NULL,
     INDEX sessions_sess_lifetime_idx (sess_lifetime)) COLLATE utf8mb4_bin, ENGINE = InnoDB",
    columns: "id=sess_id,data=sess_data,expires=sess_lifetime,time=sess_time",
    old: ENDS_AT,
    charset: "utf8mb4",
    expire: "UPDATE sessions SET sess_lifetime = sess_lifetime - 5000, sess_time = sess_time - 5000",
    live: "sess_lifetime = UNIX_TIMESTAMP() + 1000, sess_time = UNIX_TIMESTAMP()",
};
