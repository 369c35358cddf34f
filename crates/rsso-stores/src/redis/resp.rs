//! Writes commands in Redis' protocol (RESP): arrays of bulk strings, straight into the send buffer.

/// Appends a word that consists of these parts.
pub(super) fn word(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.push(b'$');
    digits(out, u64::try_from(length).unwrap_or(u64::MAX));
    out.extend_from_slice(b"\r\n");
    for part in parts {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends a number as a word.
pub(super) fn number(out: &mut Vec<u8>, number: u64) {
    let mut text = [0; 20];
    word(out, &[decimal(&mut text, number)]);
}

fn digits(out: &mut Vec<u8>, number: u64) {
    let mut text = [0; 20];
    out.extend_from_slice(decimal(&mut text, number));
}

/// The decimal digits of a number.
fn decimal(text: &mut [u8; 20], mut number: u64) -> &[u8] {
    let mut at = text.len();
    loop {
        at -= 1;
        text[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &text[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::*;

    #[test]
    fn a_command_is_an_array_of_strings() {
        let mut out = Vec::new();
        out.extend_from_slice(b"*3\r\n$3\r\nGET\r\n");
        word(&mut out, &[b"a ", b"", b"key"]);
        number(&mut out, u64::MAX);
        let text = |text: &str| Value::BulkString(text.into());
        let expected = vec![text("GET"), text("a key"), text(&u64::MAX.to_string())];
        assert_eq!(
            redis::parse_redis_value(&out).unwrap(),
            Value::Array(expected)
        );
    }

    #[test]
    fn numbers_are_decimal() {
        for value in [0, 7, 10, 99, 100, 123_456_789_012, u64::MAX] {
            assert_eq!(decimal(&mut [0; 20], value), value.to_string().as_bytes());
        }
    }
}
