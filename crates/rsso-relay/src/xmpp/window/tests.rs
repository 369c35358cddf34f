//! What an answer proves, and what waits.

use super::*;

const CLIENT: &str = "a@b/c";

fn sent(window: &mut Window<u8>, id: &str, value: u8) -> String {
    window.add_message(id.to_owned(), CLIENT.to_owned(), value)
}

fn settled(value: u8, bounced: Option<&str>) -> Settled<u8> {
    Settled {
        value,
        bounced: bounced.map(str::to_owned),
    }
}

fn unsettled(value: u8, is_acknowledged: bool) -> Unsettled<u8> {
    Unsettled {
        value,
        is_acknowledged,
    }
}

async fn settle_delay(window: &Window<u8>) {
    tokio::time::sleep_until(window.settles_at().unwrap()).await;
}

#[tokio::test]
async fn a_ping_proves_what_was_sent_before_it_and_nothing_else() {
    let mut window = Window::new();
    sent(&mut window, "a", 1);
    sent(&mut window, "b", 2);
    let first = window.add_ping();
    sent(&mut window, "c", 3);
    let second = window.add_ping();
    sent(&mut window, "d", 4);
    window.bounced("a", "somebody@else", "gone");
    window.bounced("b", CLIENT, "gone");
    window.bounced("unknown", CLIENT, "gone");
    let another = Window::<u8>::new().add_ping();
    for nobodys in ["", "rsso-ping-", "rsso-ping-7", "x", &another] {
        window.server_answered(nobodys);
        assert_eq!(window.unacknowledged(), 4);
    }
    window.server_answered(&first);
    assert_eq!(window.unacknowledged(), 2);
    assert!(window.take_settled().is_empty(), "the moment is not over");
    settle_delay(&window).await;
    assert_eq!(
        window.take_settled(),
        [settled(1, None), settled(2, Some("gone"))]
    );
    window.server_answered(&first);
    assert!(window.oldest_ping_at().is_some());
    window.server_answered(&second);
    assert_eq!(window.oldest_ping_at(), None);
    assert_eq!(
        window.into_unsettled(),
        [unsettled(3, true), unsettled(4, false)]
    );
}

#[test]
fn a_later_answer_stands_for_the_earlier_ones() {
    let mut window = Window::new();
    sent(&mut window, "a", 1);
    window.add_ping();
    sent(&mut window, "b", 2);
    let second = window.add_ping();
    window.server_answered(&second);
    assert_eq!((window.unacknowledged(), window.len()), (0, 2));
    assert_eq!(window.oldest_ping_at(), None);
}

#[tokio::test]
async fn a_message_without_its_clients_answer_waits_for_a_moment() {
    let mut window = Window::new();
    let gone = sent(&mut window, "gone", 1);
    let silent = sent(&mut window, "silent", 2);
    let simple = sent(&mut window, "simple", 3);
    let there = sent(&mut window, "there", 4);
    let ping = window.add_ping();
    window.client_answered(&gone, CLIENT, Some("service-unavailable"));
    window.client_answered(&silent, "somebody@else", None);
    window.client_answered(&simple, CLIENT, Some("feature-not-implemented"));
    window.client_answered(&there, CLIENT, None);
    // Whom the client has answered needs the server's answer no more.
    assert_eq!(window.take_settled(), [settled(3, None), settled(4, None)]);
    window.server_answered(&ping);
    assert!(window.take_settled().is_empty(), "the moment is not over");
    settle_delay(&window).await;
    let nobody = Some("service-unavailable");
    assert_eq!(
        window.take_settled(),
        [settled(1, nobody), settled(2, None)]
    );
    assert_eq!((window.settles_at(), window.len()), (None, 0));
}
