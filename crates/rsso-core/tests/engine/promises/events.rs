//! What events say.

use rsso_core::login::event::{Kind, identity_json};

use crate::acts::{Act, Answer};
use crate::step::{Step, Story, ensure};

pub fn event_ids_are_unique_and_grow_within_an_act(
    step: &Step<'_>,
    story: &mut Story,
) -> Result<(), String> {
    let ids: Vec<_> = step.events.iter().map(|event| event.id.clone()).collect();
    ensure(ids.is_sorted(), || format!("{ids:?}"))?;
    for id in ids {
        ensure(story.event_ids.insert(id.clone()), || {
            format!("{id} is there twice")
        })?;
    }
    Ok(())
}

pub fn an_event_is_about_one_login_of_its_user(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    for (event, planned) in step.events.iter().zip(&step.plan.events) {
        let identity = &event.data.identity;
        let claimed = match step.act {
            Act::Claim(act) if act.claim.login == identity.login => Some(&act.claim),
            _ => None,
        };
        let known = step.before.logins.get(&identity.login);
        let user = match (known, claimed) {
            (Some((user, login)), _) => {
                ensure(identity_json(identity) == login.identity, || {
                    format!("{event:?}")
                })?;
                *user
            }
            (None, Some(claim)) => {
                ensure(*identity == claim.identity(), || format!("{event:?}"))?;
                claim.user.key()
            }
            (None, None) => return Err(format!("of no login that there was: {event:?}")),
        };
        let user = step.users.iter().find(|known| known.key() == user).unwrap();
        let realm = Some(user.realm.as_str());
        ensure(
            event.subject == user.uid.to_text()
                && event.realm() == realm
                && Some(planned.realm.as_str()) == realm,
            || format!("in the outbox of {}: {event:?}", planned.realm),
        )?;
        let time = (&event.time, event.data.details.at);
        ensure(time == (&step.moment.time, step.moment.at), || {
            format!("{event:?}")
        })?;
    }
    Ok(())
}

pub fn a_message_reaches_each_live_login_once(
    step: &Step<'_>,
    _: &mut Story,
) -> Result<(), String> {
    let told = step.logins_told(Kind::Message);
    let (Act::Send { user, device }, Answer::Sent(count)) = (step.act, step.answer) else {
        return ensure(told.is_empty(), || "a message that nobody sent".into());
    };
    let is_meant = |of: &str| device.as_ref().is_none_or(|device| device.as_str() == of);
    let live = step.before.live_logins(*user).into_iter();
    let wanted: Vec<_> = live.filter(|l| is_meant(&l.device)).map(|l| l.id).collect();
    ensure(told == wanted && *count == wanted.len() as u64, || {
        format!("{count}, {told:?}, not {wanted:?}")
    })?;
    let payload = Some(r#"{"text":"hello"}"#);
    let mut messages = step.told(Kind::Message);
    ensure(
        messages.all(|event| event.data.payload.as_deref() == payload),
        || "changed".into(),
    )
}
