//! SQL injection through ids, data, and the names of tables and columns.
//!
//! Hostile values work as values or are refused; another table and another session stay intact.

use crate::common::checkpoints::php;
use rsso_testkit::{MariaDb, Php, WorkDir};

const MODES: [&str; 4] = [
    "",
    "NO_BACKSLASH_ESCAPES",
    "ANSI_QUOTES",
    "NO_BACKSLASH_ESCAPES,ANSI_QUOTES",
];

/// Hostile names and values, for PHP's double quotes.
const HOSTILE: [&str; 14] = [
    "'",
    "\\\"",
    "`",
    "\\\\",
    "\\\\'",
    "'; DROP TABLE precious; -- ",
    "`; DROP TABLE precious; -- ",
    "\\\"; DROP TABLE precious; -- ",
    "' OR '1'='1",
    "a\\0b",
    "\\xff\\xfe",
    "\\xbf\\x27 OR 1=1 -- ",
    "\u{2019}\u{ff07}",
    "a:b ? #c /* d */ @e",
];

/// A server with a table `precious` that must stay intact.
struct Fixture {
    mariadb: MariaDb,
    dir: WorkDir,
}

impl Fixture {
    fn new(modes: &str) -> Self {
        eprintln!("sql_mode={modes}");
        let mariadb = MariaDb::builder().sql_mode(modes).start();
        mariadb.sql(
            "CREATE TABLE precious (id varbinary(128) PRIMARY KEY, data longblob NOT NULL, t int unsigned NOT NULL);
             INSERT INTO precious VALUES ('victim', 'n|i:1;', 4000000000)",
        );
        Self {
            mariadb,
            dir: WorkDir::new(),
        }
    }

    fn own_tables(&self) -> Php {
        php(&self.mariadb.url(), &self.dir)
    }

    fn existing_table(&self) -> Php {
        self.own_tables()
            .ini("rsso.mysql_table", "precious")
            .ini("rsso.mysql_columns", "id=id,data=data,time=t")
    }

    fn assert_intact(&self, about: &str) {
        let victim = self
            .mariadb
            .sql("SELECT id, data FROM precious WHERE id = 'victim'");
        assert_eq!(victim, "victim\tn|i:1;", "{about}");
    }
}

#[test]
fn hostile_session_ids_are_refused() {
    let code = |id: &str| {
        format!(
            r#"<?php
            $id = "{id}";
            set_error_handler(function ($level, $text) {{ echo 'refused '; return true; }});
            session_id($id);
            // PHP itself replaces some of these ids.
            if (session_start()) {{ if (session_id() === $id) echo 'taken '; $_SESSION['by'] = 'mallory'; session_write_close(); }}
            $handler = new Rsso\SessionHandler;
            $handler->open('', 'PHPSESSID');
            foreach (['read' => [$id], 'write' => [$id, 'x'], 'destroy' => [$id], 'validateId' => [$id], 'updateTimestamp' => [$id, 'x']] as $act => $arguments) {{
                try {{ $did = $handler->$act(...$arguments); if ($did) echo $act, ' '; }} catch (Rsso\RssoException $e) {{ echo get_class($e), ' '; }}
            }}
            $handler->close();"#
        )
    };
    for modes in MODES {
        let fixture = Fixture::new(modes);
        for id in
            HOSTILE
                .into_iter()
                .chain(["victim' -- ", "victim\\0", "%", "_", "x_LOCK", "victim "])
        {
            for php in [fixture.own_tables(), fixture.existing_table()] {
                let output = php.run_code(&code(id));
                assert!(output.status.success(), "{id}: {output:#?}");
                // Only destroying such an id succeeds.
                let did = output
                    .stdout
                    .replace("refused ", "")
                    .replace("destroy ", "");
                assert_eq!(did.trim(), "", "{id}: {output:#?}");
                assert!(output.stdout.contains("refused"), "{id}: {output:#?}");
            }
        }
        fixture.assert_intact("ids");
        let odd = "SELECT COUNT(*) FROM precious WHERE id <> 'victim' AND id NOT REGEXP '^[0-9a-z]{26,}$'";
        assert_eq!(fixture.mariadb.sql(odd), "0");
    }
}

#[test]
fn hostile_data_are_stored_unchanged() {
    for modes in MODES {
        let fixture = Fixture::new(modes);
        let all = HOSTILE.map(|text| format!("\"{text}\"")).join(", ");
        let write = format!(
            "<?php $all = [{all}]; foreach ($all as $i => $text) {{
                session_id(\"data$i\"); session_start(); $_SESSION[$i . 'k'] = $text; session_write_close();
                session_id(\"data$i\"); session_start(); $_SESSION['again'] = $text; session_write_close();
                // Unchanged, without PHP's serialization.
                $h = new Rsso\\SessionHandler; $h->open('', ''); $h->read(\"raw$i\"); $h->write(\"raw$i\", $text); $h->close();
            }}"
        );
        let read = format!(
            "<?php $all = [{all}]; foreach ($all as $i => $text) {{
                session_id(\"data$i\"); session_start();
                if ($_SESSION !== [$i . 'k' => $text, 'again' => $text]) echo \"data$i\";
                session_write_close();
                $h = new Rsso\\SessionHandler; $h->open('', '');
                if ($h->read(\"raw$i\") !== $text) echo \"raw$i\";
                $h->close();
            }} echo 'end';"
        );
        for php in [fixture.own_tables(), fixture.existing_table()] {
            assert_eq!(php.run_code(&write).ok(), "");
            assert_eq!(php.run_code(&read).ok(), "end");
        }
        fixture.assert_intact("data");
    }
}

/// A name reaches the server between backticks, as the name of one table or column.
#[test]
fn hostile_names_of_missing_tables_and_columns_are_refused() {
    for modes in MODES {
        let fixture = Fixture::new(modes);
        let all = HOSTILE.map(|text| format!("\"{text}\"")).join(", ");
        let code = format!(
            r#"<?php
            foreach ([{all}, "precious`, `precious", "precious -- ", str_repeat('n', 65), " ", "precious "] as $name) {{
                foreach ([
                    ['mysql_table' => $name, 'mysql_columns' => 'id=id,data=data,time=t'],
                    ['mysql_table' => 'precious', 'mysql_columns' => "id=$name,data=data,time=t"],
                    ['mysql_table' => 'precious', 'mysql_columns' => "id=id,data=$name,time=t"],
                    ['mysql_table' => 'precious', 'mysql_columns' => "id=id,data=data,time=$name"],
                    ['mysql_table' => 'precious', 'mysql_columns' => "id=id,data=data,expires=$name"],
                    ['prefix' => $name],
                ] as $options) {{
                    $named = 'rsso.' . (isset($options['prefix']) ? 'prefix' : 'mysql_');
                    try {{
                        $h = new Rsso\SessionHandler('', $options);
                        $h->open('', ''); $h->read('victim'); $h->write('victim', 'x'); $h->close();
                        if (trim($name) !== 'precious') echo 'taken: ', json_encode($options, JSON_INVALID_UTF8_SUBSTITUTE), "\n";
                    }} catch (Rsso\RssoException $e) {{
                        if (!str_contains($e->getMessage(), $named)) echo json_encode($options, JSON_INVALID_UTF8_SUBSTITUTE), ': ', $e->getMessage(), "\n";
                    }}
                    unset($h);
                }}
            }}"#
        )
        // The name of the existing table would make the test itself the attacker.
        .replace(r#", "precious ""#, "");
        assert_eq!(fixture.own_tables().run_code(&code).ok(), "");
        fixture.assert_intact("names");
        assert_eq!(
            fixture
                .mariadb
                .sql("SHOW TABLES")
                .replace("rsso_marks", "")
                .replace("rsso_meta", "")
                .replace("rsso_sessions", "")
                .trim(),
            "precious"
        );
    }
}

/// Tables and columns that really have such names work.
#[test]
fn hostile_names_of_existing_tables_and_columns_work() {
    for modes in MODES {
        let fixture = Fixture::new(modes);
        for name in [
            "it's",
            "a\"b",
            "a`b",
            "a\\b",
            "`; DROP TABLE precious; -- ",
            "a:b ? #c @e",
            ":id",
            "a`:id ?",
            "/* c */",
            "select",
            "\u{e9}t\u{e9}",
        ]
        .map(str::trim_end)
        {
            let quoted =
                |suffix: &str| format!("`{}`", format!("{name}{suffix}").replace('`', "``"));
            let (table, id, data, time) = (quoted(""), quoted("i"), quoted("d"), quoted("t"));
            fixture.mariadb.sql(&format!(
                "CREATE TABLE {table} ({id} varchar(64) PRIMARY KEY, {data} blob, {time} int unsigned)"
            ));
            let php = fixture.own_tables().ini("rsso.mysql_table", name).ini(
                "rsso.mysql_columns",
                &format!("id={name}i,data={name}d,time={name}t"),
            );
            let output = php.run_code(
                "<?php foreach ([1, 2] as $n) { session_id('abc'); session_start(); $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; session_write_close(); }
                 session_id('abc'); session_start(); session_gc(); session_regenerate_id(true); echo $_SESSION['n'];",
            );
            assert_eq!(output.ok(), "2", "{name}");
            assert_eq!(
                fixture
                    .mariadb
                    .sql(&format!("SELECT COUNT(*), SUM({data} <> '') FROM {table}")),
                "2\t1",
                "the new id's, and an empty one under the old id"
            );
        }
        fixture.assert_intact("names");
    }
}
