//! A real application without changes: Debian's DokuWiki signs in, edits and signs out on every backend.
//!
//! Its code runs from the package; its configuration and pages are in a temporary directory.

use std::path::Path;

use crate::common::Backend;
use crate::common::Site;
use crate::common::outbox::Outbox;
use crate::common::stores::on_every_backend;
use rsso_testkit::{Browser, FpmConfig, Page, Php, WorkDir};

const CODE: &str = "/usr/share/dokuwiki";
const CONF: &str = "/etc/dokuwiki";
const DATA: &str = "/var/lib/dokuwiki/data";
const PASSWORD: &str = "correct horse";

on_every_backend!(
    an_editor_signs_in_edits_a_page_and_signs_out,
    two_editors_do_not_see_each_others_session
);

mod single_login {
    #[test]
    fn sqlite() {
        super::a_second_browser_signs_the_first_out(crate::common::Backend::Sqlite);
    }

    #[test]
    fn redis() {
        super::a_second_browser_signs_the_first_out(crate::common::Backend::redis());
    }

    #[test]
    fn mysql() {
        super::a_second_browser_signs_the_first_out(crate::common::Backend::mariadb());
    }
}

/// The configuration, users and pages of a wiki, made from those of the package.
fn wiki() -> WorkDir {
    assert!(
        Path::new(CODE).join("doku.php").is_file(),
        "DokuWiki is not installed: apt-get install dokuwiki"
    );
    let dir = WorkDir::new();
    let data = dir.web_copy("data", Path::new(DATA));
    let conf = dir.web_copy("conf", Path::new(CONF));
    let hash = Php::plain().run_code(&format!(
        "<?php echo password_hash('{PASSWORD}', PASSWORD_BCRYPT, ['cost' => 4]);"
    ));
    let hash = hash.ok();
    let users: String = ["ann", "bob"]
        .map(|name| format!("{name}:{hash}:{name} Editor:{name}@localhost:admin,user\n"))
        .concat();
    dir.write("conf/users.auth.php", &format!("# <?php exit()?>\n{users}"));
    dir.write(
        "conf/acl.auth.php",
        "# <?php exit()?>\n*  @ALL  1\n*  @user  8\n",
    );
    dir.write(
        "conf/local.php",
        &format!(
            "<?php\n$conf['title'] = 'Test wiki';\n$conf['lang'] = 'en';\n$conf['useacl'] = 1;\n\
             $conf['superuser'] = '@admin';\n$conf['savedir'] = '{}';\n",
            data.display()
        ),
    );
    // Debian's inc/preload.php keeps existing definitions, so another configuration needs no changed file.
    let conf = conf.display();
    dir.write(
        "prepend.php",
        &format!("<?php\ndefine('DOKU_MAIN_CONF', '{conf}/');\ndefine('DOKU_CONF', '{conf}/');\ndefine('DOKU_FARM', false);\n"),
    );
    dir
}

fn site(backend: Backend, wiki: &WorkDir) -> Site {
    site_with(backend, wiki, |config| config)
}

fn site_with(
    backend: Backend,
    wiki: &WorkDir,
    settings: impl FnOnce(FpmConfig) -> FpmConfig,
) -> Site {
    let prepend = wiki.join("prepend.php").display().to_string();
    Site::start(backend, Path::new(CODE), |config| {
        settings(config)
            .workers(4)
            .module("xml", "php-xml")
            .module("ctype", "php-common")
            .module("tokenizer", "php-common")
            .ini("auto_prepend_file", &prepend)
    })
}

/// The value of a form's hidden field.
fn field(page: &Page, name: &str) -> String {
    page.between(&format!("name=\"{name}\" value=\""), "\"")
        .unwrap_or_else(|| panic!("no field {name} in:\n{}", page.body))
        .to_owned()
}

fn is_signed_in(page: &Page) -> bool {
    assert_eq!(page.status, 200, "{}", page.body);
    page.body.contains("do=logout")
}

fn sign_in(browser: &Browser, name: &str) -> Page {
    let form = browser.get("/doku.php?id=start&do=login");
    assert!(!is_signed_in(&form));
    let token = field(&form, "sectok");
    let page = browser.post(
        "/doku.php?id=start&do=login",
        &[
            ("sectok", &token),
            ("id", "start"),
            ("do", "login"),
            ("u", name),
            ("p", PASSWORD),
        ],
    );
    assert!(
        is_signed_in(&page),
        "{name} is not signed in:\n{}",
        page.body
    );
    assert!(page.body.contains(&format!("{name} Editor")));
    page
}

fn save(browser: &Browser, id: &str, text: &str) -> Page {
    let form = browser.get(&format!("/doku.php?id={id}&do=edit"));
    let hidden = ["sectok", "rev", "date", "prefix", "suffix", "changecheck"]
        .map(|name| (name, field(&form, name)));
    let mut fields: Vec<(&str, &str)> = hidden
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    fields.extend([
        ("id", id),
        ("target", "section"),
        ("wikitext", text),
        ("summary", "a test"),
        ("do[save]", "Save"),
    ]);
    browser.post(&format!("/doku.php?id={id}"), &fields)
}

fn an_editor_signs_in_edits_a_page_and_signs_out(backend: Backend) {
    let wiki = wiki();
    let site = site(backend, &wiki);
    let browser = site.browser();
    let page = sign_in(&browser, "ann");
    site.assert_store_used();

    let saved = save(
        &browser,
        "playground:rsso",
        "Written through a **session**.",
    );
    assert!(
        saved
            .body
            .contains("Written through a <strong>session</strong>."),
        "{}",
        saved.body
    );
    let read = browser.get("/doku.php?id=playground:rsso");
    assert!(
        is_signed_in(&read)
            && read
                .body
                .contains("Written through a <strong>session</strong>.")
    );

    let token = page
        .between("do=logout&amp;sectok=", "\"")
        .expect("a link to sign out")
        .to_owned();
    let out = browser.get(&format!("/doku.php?id=start&do=logout&sectok={token}"));
    assert!(!is_signed_in(&out));
    let form = browser.get("/doku.php?id=playground:rsso&do=edit");
    assert!(
        !is_signed_in(&form) && !form.body.contains("do[save]"),
        "still an editor:\n{}",
        form.body
    );

    let log = site.fpm.error_log();
    assert!(
        !log.contains("PHP Warning") && !log.contains("PHP Fatal"),
        "{log}"
    );
}

fn two_editors_do_not_see_each_others_session(backend: Backend) {
    let wiki = wiki();
    let site = site(backend, &wiki);
    let (ann, bob, nobody) = (site.browser(), site.browser(), site.browser());
    sign_in(&ann, "ann");
    sign_in(&bob, "bob");
    assert!(ann.get("/doku.php?id=start").body.contains("ann Editor"));
    assert!(bob.get("/doku.php?id=start").body.contains("bob Editor"));
    assert!(!is_signed_in(&nobody.get("/doku.php?id=start")));

    // A form with another session's token is refused.
    let form = bob.get("/doku.php?id=playground:rsso&do=edit");
    let token = field(&form, "sectok");
    ann.post(
        "/doku.php?id=playground:rsso",
        &[
            ("sectok", &token),
            ("id", "playground:rsso"),
            ("wikitext", "forged"),
            ("do[save]", "Save"),
        ],
    );
    assert!(
        !bob.get("/doku.php?id=playground:rsso")
            .body
            .contains("forged")
    );
}

/// `rsso.auto_claim` in php.ini is enough: it names where DokuWiki keeps its user.
fn a_second_browser_signs_the_first_out(backend: Backend) {
    let wiki = wiki();
    let site = site_with(backend, &wiki, |config| {
        config
            .ini("rsso.auto_claim", "DW*.auth.user")
            // DokuWiki's cookie has the password, encrypted with the session id: with the same id it would sign in
            // again.
            .ini("session.use_strict_mode", "1")
    });
    let (office, home, bob) = (site.browser(), site.browser(), site.browser());
    sign_in(&bob, "bob");
    sign_in(&office, "ann");
    assert!(is_signed_in(&office.get("/doku.php?id=start")));
    sign_in(&home, "ann");
    assert!(
        !is_signed_in(&office.get("/doku.php?id=start")),
        "the first browser is still signed in"
    );
    assert!(is_signed_in(&home.get("/doku.php?id=start")));
    assert!(
        is_signed_in(&bob.get("/doku.php?id=start")),
        "bob stays signed in"
    );

    // A sign-in from the kicked browser kicks the other one.
    sign_in(&office, "ann");
    assert!(!is_signed_in(&home.get("/doku.php?id=start")));
    let page = office.get("/doku.php?id=start");
    assert!(is_signed_in(&page));

    let outbox = Outbox::of(&site.backend, site.fpm.save_dir());
    let kicked = outbox.logins("kicked");
    let subjects: Vec<_> = kicked.iter().map(|event| &event["subject"]).collect();
    assert_eq!(subjects, ["ann", "ann"]);

    // A sign-out releases the login.
    let token = page
        .between("do=logout&amp;sectok=", "\"")
        .expect("a link to sign out")
        .to_owned();
    office.get(&format!("/doku.php?id=start&do=logout&sectok={token}"));
    assert_eq!(outbox.logins("released").len(), 1);
    let log = site.fpm.error_log();
    assert!(
        !log.contains("PHP Warning") && !log.contains("PHP Fatal"),
        "{log}"
    );
}
