//! What is written is read again, and what is hostile is bounded.

use proptest::prelude::*;

use super::escape::is_writable;
use super::*;

async fn read(text: &str) -> Vec<Result<Item, String>> {
    let mut reader = Reader::new(text.as_bytes());
    let mut items = Vec::new();
    loop {
        let item = reader.next().await;
        let last = matches!(item, Err(_) | Ok(Item::End));
        items.push(item);
        if last {
            return items;
        }
    }
}

#[tokio::test]
async fn a_stream_is_read_by_the_stanza() {
    let items = read(
        "<?xml version='1.0'?><stream:stream xmlns='a' id='1&amp;2'> <handshake/>\n<message id='m' \
         type='error'><body>a<b>c</b>&lt;&#65;</body><error><text>why</text><gone xmlns='x'/></error></message></stream:stream>",
    )
    .await;
    let Ok(Item::Header(header)) = &items[0] else {
        panic!("{items:?}")
    };
    assert_eq!((&*header.name, header.attribute("id")), ("stream", "1&2"));
    let Ok(Item::Stanza(message)) = &items[2] else {
        panic!("{items:?}")
    };
    assert_eq!(message.child("body").unwrap().text, "a<A");
    assert_eq!(message.child("error").unwrap().condition(), "gone");
    assert_eq!(message.child("error").unwrap().error_text(), "why");
    assert_eq!(items[3], Ok(Item::End));
}

#[tokio::test]
async fn a_huge_stanza_is_shortened_and_the_next_is_read() {
    let deep = format!("{}x{}", "<a>".repeat(5000), "</a>".repeat(5000));
    let long = "y".repeat(100_000);
    let items = read(&format!(
        "<stream><m>{deep}</m><m>{long}</m><m id='3'/></stream>"
    ))
    .await;
    assert_eq!(items.len(), 5, "{items:?}");
    let Ok(Item::Stanza(last)) = &items[3] else {
        panic!("{items:?}")
    };
    assert_eq!(last.attribute("id"), "3");
}

#[tokio::test]
async fn broken_xml_is_an_error() {
    for bad in ["", "<a><b></a>", "<a><!DOCTYPE b>", "<a>\u{1}<", "<a><b"] {
        assert!(read(bad).await.last().unwrap().is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn an_escaped_text_comes_back(text in any::<String>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let escaped = escape(&text);
        let items = runtime.block_on(read(&format!("<s><m a='{escaped}'>{escaped}</m></s>")));
        let Ok(Item::Stanza(message)) = &items[1] else { panic!("{items:?}") };
        let wanted: String = text.chars().map(|c| if is_writable(c) { c } else { '\u{FFFD}' }).collect();
        prop_assert_eq!(&message.text, &wanted);
        prop_assert_eq!(message.attribute("a"), wanted);
    }

    #[test]
    fn json_comes_back_whole(text in any::<String>()) {
        let json = serde_json::to_string(&text).unwrap();
        let shown = quick_xml::escape::unescape(&escape_json(&json)).unwrap().into_owned();
        prop_assert!(shown.chars().all(is_writable));
        prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }
}
