//! Logins of many PHP processes: concurrent claims, kills at random points, kicks during a request.
//!
//! `RSSO_ROUNDS` sets how often each is tried. The outbox shows what has happened.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use crate::common::Backend;
use crate::common::outbox::Outbox;
use crate::common::php::php_without_cookies;
use crate::common::stores::on_each_store;
use rsso_testkit::{Php, WorkDir};
use serde_json::Value;

on_each_store!(
    &of_many_concurrent_claims_one_stays,
    &of_many_concurrent_claims_three_stay,
    &of_many_concurrent_claims_one_stays_on_each_device,
    &of_many_concurrent_claims_one_is_accepted,
    &a_killed_claim_is_complete_or_has_not_happened,
    &a_session_kicked_during_a_request_does_not_come_back,
    &each_kind_of_claim_notifies_the_other_logins,
);

const PROCESSES: usize = 32;

/// The value of `RSSO_ROUNDS`, or `usually` if it is not set.
fn rounds(usually: usize) -> usize {
    let wanted = std::env::var("RSSO_ROUNDS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(usually)
}

fn php(backend: &Backend, dir: &WorkDir) -> Php {
    php_without_cookies(&backend.handler(), dir.path())
        .ini("rsso.storm_limit", "0")
        .ini("rsso.read_timeout", "20")
        .limit(Duration::from_secs(550))
}

/// All processes claim at the same instant, once in each round; returns how many claims of each were refused.
///
/// Each round has its own user, so that a late process disturbs no other round.
fn claim_at_once(backend: &Backend, dir: &WorkDir, rounds: usize, options: &str) -> Vec<usize> {
    let php = php(backend, dir);
    let code = format!(
        "<?php
        [, $process, $start] = $argv;
        // A request that is kicked before its end gets a warning.
        set_error_handler(fn ($level, $text) => str_contains($text, 'login was ended while this request'));
        $refused = 0;
        for ($round = 0; $round < {rounds}; $round++) {{
            session_id(\"p{{$process}}r$round\"); session_start();
            while (microtime(true) < $start + $round * 0.12) usleep(200);
            try {{
                sso_claim(\"user$round\", {options});
            }} catch (Rsso\\LoginRefusedException $e) {{
                if ($e->reason !== 'limit' || count($e->logins) < 1) exit('strange refusal');
                $refused++;
            }}
            session_write_close();
        }}
        echo $refused;"
    );
    let script = dir.write("claim.php", &code);
    let start = std::time::SystemTime::now() + Duration::from_secs(3);
    let start = start.duration_since(std::time::UNIX_EPOCH).unwrap();
    let start = format!("{:.3}", start.as_secs_f64());
    let claiming: Vec<_> = (0..PROCESSES)
        .map(|process| php.spawn(&script, &[&process.to_string(), &start]))
        .collect();
    claiming
        .into_iter()
        .map(|process| process.wait().ok().parse().expect("a number"))
        .collect()
}

/// The live logins of each round's user.
fn live(backend: &Backend, dir: &WorkDir, rounds: usize) -> Vec<Vec<String>> {
    let code = format!(
        "<?php for ($r = 0; $r < {rounds}; $r++)
            $all[] = array_map(fn ($login) => $login->id, sso_logins(\"user$r\"));
        echo json_encode($all);"
    );
    serde_json::from_str(&php(backend, dir).run_code(&code).ok()).expect("JSON")
}

/// The events in the outbox: for each user and kind of event, the logins.
struct LoginEvents(BTreeMap<String, BTreeMap<String, Vec<String>>>);

impl LoginEvents {
    fn of(backend: &Backend, dir: &WorkDir) -> Self {
        let mut logins = BTreeMap::<String, BTreeMap<String, Vec<String>>>::new();
        for event in Outbox::of(backend, dir.path()).events() {
            let text = |value: &Value| value.as_str().expect("text").to_owned();
            logins
                .entry(text(&event["subject"]))
                .or_default()
                .entry(text(&event["type"]).replace("io.rsso.login.", ""))
                .or_default()
                .push(text(&event["data"]["login"]));
        }
        Self(logins)
    }

    fn logins(&self, uid: &str, kind: &str) -> Vec<String> {
        let of_user = self.0.get(uid);
        let logins = of_user.and_then(|kinds| kinds.get(kind));
        logins.cloned().unwrap_or_default()
    }
}

/// Asserts that this many logins stay, and each other was kicked once.
fn assert_survivors(backend: &Backend, dir: &WorkDir, rounds: usize, survivors: usize) {
    let events = LoginEvents::of(backend, dir);
    for (round, live) in live(backend, dir, rounds).into_iter().enumerate() {
        let uid = format!("user{round}");
        let claimed: BTreeSet<_> = events.logins(&uid, "claimed.v1").into_iter().collect();
        let kicked = events.logins(&uid, "kicked.v1");
        assert_eq!((claimed.len(), live.len()), (PROCESSES, survivors), "{uid}");
        assert_eq!(kicked.len(), PROCESSES - survivors, "{uid}");
        let mut ended: BTreeSet<_> = kicked.into_iter().collect();
        assert_eq!(ended.len(), PROCESSES - survivors, "{uid}: each its own");
        assert!(live.iter().all(|login| !ended.contains(login)), "{uid}");
        ended.extend(live);
        assert_eq!(ended, claimed, "{uid}");
    }
}

fn of_many_concurrent_claims_one_stays(backend: &Backend) {
    let (dir, rounds) = (WorkDir::new(), rounds(10));
    claim_at_once(backend, &dir, rounds, "'web'");
    assert_survivors(backend, &dir, rounds, 1);
}

fn of_many_concurrent_claims_three_stay(backend: &Backend) {
    let (dir, rounds) = (WorkDir::new(), rounds(5));
    claim_at_once(backend, &dir, rounds, "'web', ['max_logins' => 3]");
    assert_survivors(backend, &dir, rounds, 3);
}

fn of_many_concurrent_claims_one_stays_on_each_device(backend: &Backend) {
    let (dir, rounds) = (WorkDir::new(), rounds(5));
    let device = "['web', 'ios', 'android', 'pc'][$process % 4]";
    let options = format!("{device}, ['max_logins' => 0, 'max_logins_per_device' => 1]");
    claim_at_once(backend, &dir, rounds, &options);
    assert_survivors(backend, &dir, rounds, 4);
}

fn of_many_concurrent_claims_one_is_accepted(backend: &Backend) {
    let (dir, rounds) = (WorkDir::new(), rounds(5));
    let refused = claim_at_once(backend, &dir, rounds, "'web', ['on_conflict' => 'refuse']");
    assert_eq!(refused.iter().sum::<usize>(), rounds * (PROCESSES - 1));
    let events = LoginEvents::of(backend, &dir);
    for (round, live) in live(backend, &dir, rounds).into_iter().enumerate() {
        let uid = format!("user{round}");
        assert_eq!(events.logins(&uid, "claimed.v1"), live, "{uid}");
        assert_eq!(
            events.logins(&uid, "refused.v1").len(),
            PROCESSES - 1,
            "{uid}"
        );
        assert_eq!(
            events.logins(&uid, "kicked.v1"),
            Vec::<String>::new(),
            "{uid}"
        );
    }
}

/// A worker that claims repeatedly is killed each time at another point.
fn a_killed_claim_is_complete_or_has_not_happened(backend: &Backend) {
    let (dir, kills) = (WorkDir::new(), rounds(25));
    let php = php(backend, &dir).ini("rsso.lock_wait", "5");
    let code = "<?php
        $from = $argv[1];
        for ($i = 0; ; $i++) {
            session_id(\"k{$from}s$i\"); session_start(); $_SESSION['n'] = $i;
            sso_claim('user0'); session_write_close();
            if ($i === 0) { echo \"at work\\n\"; flush(); }
        }";
    let script = dir.write("claims.php", code);
    for kill in 0..kills {
        let mut worker = php.spawn(&script, &[&kill.to_string()]);
        if kill % 3 > 0 {
            assert_eq!(worker.line(), "at work");
        }
        // A third is killed while it connects, the others during a claim.
        let wait = (u64::try_from(kill).unwrap() * 7919) % 23_000;
        thread::sleep(Duration::from_micros(wait));
        worker.kill9();
    }
    let live = live(backend, &dir, 1).remove(0);
    assert!(live.len() <= 1, "{live:?}");
    let events = LoginEvents::of(backend, &dir);
    let claimed = events.logins("user0", "claimed.v1");
    let mut accounted: Vec<_> = ["kicked.v1", "released.v1", "expired.v1"]
        .iter()
        .flat_map(|kind| events.logins("user0", kind))
        .chain(live)
        .collect();
    assert!(claimed.len() > kills / 2, "hardly anything was claimed");
    accounted.sort();
    let mut claimed = claimed;
    claimed.sort();
    assert_eq!(accounted, claimed, "each login lives or has one end");
}

/// A request has read its session, is kicked, and tries everything to store it again.
fn a_session_kicked_during_a_request_does_not_come_back(backend: &Backend) {
    let tries = rounds(200).max(40);
    let code = format!(
        "<?php
        set_error_handler(function ($level, $text) {{
            $GLOBALS[str_contains($text, 'not stored') ? 'warned' : 'strange'][] = $text; return true;
        }});
        $warned = []; $strange = []; $back = 0; $claimed = 0;
        for ($i = 0; $i < {tries}; $i++) {{
            session_id(\"session$i\"); session_start(); $_SESSION['secret'] = $i;
            sso_claim(\"user$i\"); $id = session_id(); session_write_close();
            session_id($id); session_start();
            if ($_SESSION['secret'] !== $i || sso_current()?->uid !== \"user$i\") exit('not logged in');
            if (sso_kick(\"user$i\") !== 1) exit('not kicked');
            switch ($i % 5) {{
                case 0: $_SESSION['secret'] = 'back'; session_write_close(); break;
                case 1: session_write_close(); break;
                case 2: session_regenerate_id(false); break;
                case 3: session_regenerate_id(true); break;
                case 4:
                    try {{ sso_claim(\"other$i\", 'web', ['rotate_id' => $i % 2 > 0]); $claimed++; }}
                    catch (Rsso\\LoginRefusedException $e) {{ if ($e->reason !== 'ended') exit($e->reason); }}
                    break;
            }}
            $ids = array_unique([$id, session_id()]);
            if (session_status() === PHP_SESSION_ACTIVE) session_write_close();
            foreach ($ids as $one) {{
                session_id($one); session_start(['read_and_close' => true]);
                if ($_SESSION) $back++;
            }}
            $back += count(sso_logins(\"user$i\")) + count(sso_logins(\"other$i\"));
        }}
        echo $back, ' of ', $i, ' came back, ', $claimed, ' claimed';
        echo $strange ? ', strange: ' . $strange[0] : '', $warned ? '' : ', nobody was warned';"
    );
    for lock in ["1", "0"] {
        let dir = WorkDir::new();
        let php = php(backend, &dir).ini("rsso.lock", lock);
        assert_eq!(
            php.run_code(&code).ok(),
            format!("0 of {tries} came back, 0 claimed"),
            "rsso.lock={lock}"
        );
    }
}

fn each_kind_of_claim_notifies_the_other_logins(backend: &Backend) {
    let dir = WorkDir::new();
    let code = r#"<?php
        foreach (["sso_claim", "auto_claim", "sso_claim"] as $number => $way) {
            $user = ini_get("rsso.notify_other_logins") ? "notified" : "not notified";
            session_id("$number" . md5($user)); session_start();
            $_SESSION["user"] = $user;
            if ($way === "sso_claim") sso_claim($user);
            session_write_close();
        }"#;
    for on in ["0", "1"] {
        php(backend, &dir)
            .ini("rsso.auto_claim", "user")
            .ini("rsso.max_logins", "0")
            .ini("rsso.notify_other_logins", on)
            .run_code(code)
            .ok();
    }
    let outbox = Outbox::of(backend, dir.path());
    assert_eq!(outbox.logins("claimed").len(), 6);
    let events = outbox.logins("elsewhere");
    assert_eq!(events.len(), 3, "{events:#?}");
    assert!(events.iter().all(|event| event["subject"] == "notified"));
}
