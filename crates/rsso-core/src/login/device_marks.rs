//! Login ids that name user and device in one word: `ios#abc001`, or with `rsso.device_marks`
//! `1#abc001`.

use super::{Device, Uid};
use crate::error::{Error, Result};

const ACCEPTED: &str = "mark=device pairs such as '0=pc,1=ios': marks of a-z, A-Z, 0-9, '_' and '-', \
     no mark and no device twice, and no mark that is the name of another device";

/// The value of `rsso.device_marks`: what stands for a device class in a login id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceMarks(Vec<(String, Device)>);

impl DeviceMarks {
    /// Reads the directive; an empty one maps nothing.
    ///
    /// # Errors
    /// [`Error::Config`] that says what is accepted.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = || Error::config("rsso.device_marks", format!("must be {ACCEPTED}"));
        let mut marks: Vec<(String, Device)> = Vec::new();
        for pair in text
            .split(',')
            .map(str::trim)
            .filter(|pair| !pair.is_empty())
        {
            let (mark, device) = pair.split_once('=').ok_or_else(refuse)?;
            let (mark, device) = (mark.trim(), device.trim());
            let device = Device::parse(device.as_bytes()).map_err(|_| refuse())?;
            let known = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
            let twice = marks.iter().any(|(m, d)| m == mark || *d == device);
            if mark.is_empty() || mark.len() > 32 || !mark.chars().all(known) || twice {
                return Err(refuse());
            }
            marks.push((mark.to_owned(), device));
        }
        // What a device without a mark is called in a login id is its own name.
        let names_another = |(mark, device): &(String, Device)| {
            *mark != device.as_str()
                && Device::parse(mark.as_bytes())
                    .is_ok_and(|named| marks.iter().any(|(_, d)| *d == named))
        };
        if marks.iter().any(names_another) {
            return Err(refuse());
        }
        Ok(Self(marks))
    }

    /// The login id of a user on a device: its mark, `#`, the uid's bytes.
    ///
    /// # Errors
    /// [`Error::Argument`] for a device whose own name is the mark of another.
    pub fn login_id(&self, uid: &Uid, device: &Device) -> Result<Vec<u8>> {
        let own = self.0.iter().find(|(_, d)| d == device);
        if own.is_none() && self.0.iter().any(|(mark, _)| mark == device.as_str()) {
            return Err(Error::argument(
                "device",
                "is the mark of another device (rsso.device_marks)",
            ));
        }
        let mark = own.map_or(device.as_str(), |(mark, _)| mark);
        Ok([mark.as_bytes(), b"#", uid.as_bytes()].concat())
    }

    /// User and device of a login id. A uid may hold `#`; a mark never does.
    ///
    /// # Errors
    /// [`Error::Argument`] that says what is accepted.
    pub fn parse_login_id(&self, login_id: &[u8]) -> Result<(Uid, Device)> {
        let refuse = || {
            Error::argument(
                "login_id",
                "must be a device or its mark, '#' and the uid, for instance 'ios#abc001'",
            )
        };
        let at = login_id
            .iter()
            .position(|b| *b == b'#')
            .ok_or_else(refuse)?;
        let (mark, uid) = (&login_id[..at], &login_id[at + 1..]);
        let device = match self.0.iter().find(|(m, _)| m.as_bytes() == mark) {
            Some((_, device)) => device.clone(),
            None => Device::parse(mark).map_err(|_| refuse())?,
        };
        Ok((Uid::parse(uid).map_err(|_| refuse())?, device))
    }

    /// The devices that have marks, in the directive's order.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.0.iter().map(|(_, device)| device)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_marks_of_the_old_system_are_read() {
        let marks = DeviceMarks::parse("0=pc, 1=ios,2=android,3=web").unwrap();
        let (uid, device) = marks.parse_login_id(b"1#abc001").unwrap();
        assert_eq!((uid.as_bytes(), device.as_str()), (&b"abc001"[..], "ios"));
        assert_eq!(marks.login_id(&uid, &device).unwrap(), b"1#abc001");
        assert!(marks.login_id(&uid, &Device::parse(b"1").unwrap()).is_err());
        assert_eq!(marks.devices().count(), 4);
    }

    #[test]
    fn a_map_that_could_not_be_reversed_is_refused() {
        for bad in [
            "0",
            "0=",
            "=pc",
            "0=pc,0=ios",
            "0=pc,1=pc",
            "#=pc",
            "ios=pc,1=ios",
            "0=PC",
        ] {
            assert!(DeviceMarks::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", "#u", "ios#", "iOS#u", "ios"] {
            assert!(
                DeviceMarks::default()
                    .parse_login_id(bad.as_bytes())
                    .is_err(),
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_login_id_is_reversible(
            uid in proptest::collection::vec(any::<u8>(), 1..255), device in "[a-z0-9_-]{1,32}", mapped: bool,
        ) {
            let marks = DeviceMarks::parse(if mapped { "0=pc,1=ios,2=android,3=web" } else { "" }).unwrap();
            let (uid, device) = (Uid::parse(&uid).unwrap(), Device::parse(device.as_bytes()).unwrap());
            match marks.login_id(&uid, &device) {
                Ok(id) => prop_assert_eq!(marks.parse_login_id(&id).unwrap(), (uid, device)),
                Err(_) => prop_assert!(mapped && device.as_str().len() == 1),
            }
        }
    }
}
