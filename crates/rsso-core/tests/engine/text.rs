//! A history in words, for the message of a failure.

use rsso_core::SessionKey;
use rsso_core::engine::{Change, Plan, StoredKey};
use rsso_core::login::Claimed;
use rsso_core::login::event::LoginEvent;

use crate::acts::{Act, Answer};
use crate::store::stored_key;

fn name(key: &StoredKey) -> String {
    let text = String::from_utf8_lossy(&key.0);
    format!(
        "session {}",
        text.trim_start_matches(|c: char| !c.is_ascii_digit())
    )
}

fn of(key: &SessionKey) -> String {
    name(&stored_key(key))
}

/// An act, what it is answered, and what the plan asks for: a line each.
pub fn describe(act: &Act, answer: &Answer, plan: &Plan<()>) -> String {
    let mut lines = vec![
        format!("  {}", describe_act(act)),
        format!("    -> {}", describe_answer(answer)),
    ];
    lines.extend(
        plan.changes
            .iter()
            .map(|change| format!("    {}", describe_change(change))),
    );
    let events = plan
        .events
        .iter()
        .map(|event| LoginEvent::read(&event.json).unwrap());
    lines.extend(events.map(|event| {
        let data = event.data;
        format!(
            "    event {} {} {:?}",
            event.kind_text, data.identity.login, data.details.reason
        )
    }));
    lines.join("\n")
}

fn describe_act(act: &Act) -> String {
    match act {
        Act::Claim(act) => format!(
            "claim {} for {} as {} on {}, {:?}, {:?}, from {:?}, notify {}",
            of(&act.session),
            String::from_utf8_lossy(act.claim.user.uid.as_bytes()),
            act.claim.login,
            act.claim.device,
            act.basis,
            act.claim.limits,
            act.claim.claimed_from,
            act.claim.notify_others,
        ),
        Act::Rotate(act) => format!("rotate {} to {}, {}", of(&act.from), of(&act.to), act.login),
        Act::SignOut { session, login } => format!("sign out {} of {login}", of(session)),
        Act::Destroy(act) => format!(
            "destroy {}, seen {:?}, keeps login {}, tombstone {}, empty {}",
            of(&act.session),
            act.seen,
            act.keeps_login,
            act.tombstone.is_some(),
            act.empty.is_some(),
        ),
        Act::Kick { which, .. } => format!("kick {which:?}"),
        Act::Send { device, .. } => format!("send to {device:?}"),
        Act::RemoveExpired { numbers, .. } => format!("remove expired of {numbers:?}"),
    }
}

fn describe_answer(answer: &Answer) -> String {
    match answer {
        Answer::Claimed(claimed) => match &**claimed {
            Claimed::New(version, kicks) => format!("new, {version:?}, {} kicks", kicks.len()),
            Claimed::Same(version, _) => format!("the same, {version:?}"),
            Claimed::Refused(why, logins) => format!("refused: {why:?}, {} logins", logins.len()),
            Claimed::Ended => "ended".to_owned(),
        },
        Answer::Kicked(kicks) => format!("{} kicks", kicks.len()),
        other => format!("{other:?}"),
    }
}

fn describe_change(change: &Change) -> String {
    match change {
        Change::SaveUser(user) => format!("save user: {}, {:?}", user.sequence, user.storm),
        Change::AddLogin(_, login) => format!("add login {}, number {}", login.id, login.sequence),
        Change::RemoveLogin(_, login) => format!("remove login {login}"),
        Change::CreateSession(key, version, _) => format!("create {}, {version:?}", name(key)),
        Change::CopySession { from, to, .. } => format!("copy {} to {}", name(from), name(to)),
        Change::RemoveSession(key, generation) => format!("remove {}, {generation:?}", name(key)),
        Change::BindSession { key, login, .. } => {
            format!(
                "bind {} to {}, {} sessions",
                name(key),
                login.id,
                login.sessions.len()
            )
        }
        Change::UnbindSession(key) => format!("unbind {}", name(key)),
        Change::RetireSession(key, _) => format!("retire {}", name(key)),
        Change::AddTombstone(key, ..) => format!("tombstone at {}", name(key)),
        Change::RemoveTombstone(key) => format!("no tombstone at {}", name(key)),
    }
}
