//! Signatures of functions and methods as plain data, and how they reach PHP.

use ext_php_rs::args::Arg;
use ext_php_rs::builders::FunctionBuilder;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::Zval;
use ext_php_rs::zend::ExecuteData;

/// What PHP calls.
type Handler = extern "C" fn(&mut ExecuteData, &mut Zval);

/// A function or method: its name, its parameters, its return type.
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    pub(crate) handler: Handler,
    pub(crate) parameters: &'static [Parameter],
    /// How many of the parameters a caller must give.
    pub(crate) required: usize,
    /// `None` for a constructor.
    pub(crate) returns: Option<Returned>,
}

/// A parameter.
#[derive(Clone, Copy)]
pub(crate) struct Parameter {
    name: &'static str,
    kind: DataType,
    is_nullable: bool,
    /// As PHP code would write it.
    default: Option<&'static str>,
    /// A password or a session id, which no stack trace may show.
    pub(crate) is_secret: bool,
}

/// A return type.
#[derive(Clone, Copy)]
pub(crate) struct Returned {
    kind: DataType,
    is_nullable: bool,
    /// `|false`, which the builder cannot say.
    pub(crate) or_false: bool,
}

impl Signature {
    /// The signature as ext-php-rs registers it.
    pub(crate) fn builder(&self) -> FunctionBuilder<'static> {
        let mut builder = FunctionBuilder::new(self.name, self.handler);
        for parameter in self.parameters {
            builder = builder.arg(parameter.argument());
        }
        builder = builder.required_args(self.required);
        match self.returns {
            Some(returned) => builder.returns(returned.kind, false, returned.is_nullable),
            None => builder,
        }
    }
}

impl Parameter {
    pub(crate) const fn new(name: &'static str, kind: DataType) -> Self {
        Self {
            name,
            kind,
            is_nullable: false,
            default: None,
            is_secret: false,
        }
    }

    pub(crate) const fn text(name: &'static str) -> Self {
        Self::new(name, DataType::String)
    }

    pub(crate) const fn nullable(self) -> Self {
        Self {
            is_nullable: true,
            ..self
        }
    }

    pub(crate) const fn or(self, default: &'static str) -> Self {
        Self {
            default: Some(default),
            ..self
        }
    }

    pub(crate) const fn secret(self) -> Self {
        Self {
            is_secret: true,
            ..self
        }
    }

    fn argument(self) -> Arg<'static> {
        let mut argument = Arg::new(self.name, self.kind);
        if self.is_nullable {
            argument = argument.allow_null();
        }
        match self.default {
            Some(default) => argument.default(default),
            None => argument,
        }
    }
}

impl Returned {
    pub(crate) const fn new(kind: DataType) -> Self {
        Self {
            kind,
            is_nullable: false,
            or_false: false,
        }
    }

    pub(crate) const fn nullable(self) -> Self {
        Self {
            is_nullable: true,
            ..self
        }
    }

    pub(crate) const fn or_false(self) -> Self {
        Self {
            or_false: true,
            ..self
        }
    }
}
