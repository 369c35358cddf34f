//! Acts that failed, and what is said about them.

use super::diagnosis::Diagnosis;
use super::unanswered::Completion;
use rsso_core::error::Error;

/// An act that failed, and what is known of it.
pub(super) struct Failure {
    pub(super) diagnosis: Diagnosis,
    pub(super) completion: Completion,
}

/// How the error of a change begins: one text if it is certainly not made, one if that is in doubt.
#[derive(Clone, Copy)]
pub(super) struct FailureTexts {
    pub(super) not_done: &'static str,
    pub(super) in_doubt: &'static str,
}

impl FailureTexts {
    pub(super) fn into_error(self, address: &str, failure: Failure) -> Error {
        let doing = match failure.completion {
            Completion::NotDone => self.not_done,
            Completion::Ended | Completion::InDoubt => self.in_doubt,
        };
        failure.diagnosis.into_error_while(address, doing)
    }
}
