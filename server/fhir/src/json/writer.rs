//! Building JSON text: members and items in the order they are written, values borrowed or raw.

/// Writes one JSON text from the outside in.
///
/// ```text
/// let mut writer = Writer::default();
/// writer.object(|patient| {
///     patient.string("resourceType", "Patient");
///     patient.array("name", |names| names.object(|name| name.string("family", "Chalmers")));
/// });
/// ```
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
    comma: bool,
}

impl Writer {
    /// A writer whose buffer holds `capacity` bytes before it grows.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            out: String::with_capacity(capacity),
            comma: false,
        }
    }

    /// The text written so far.
    pub fn finish(self) -> String {
        self.out
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(',');
        }
        self.comma = true;
    }

    /// Begins a member of the object being written.
    pub fn key(&mut self, name: &str) -> &mut Self {
        self.separate();
        push_quoted(&mut self.out, name);
        self.out.push(':');
        self.comma = false;
        self
    }

    /// Writes an object as the next value.
    pub fn object(&mut self, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.separate();
        self.out.push('{');
        self.comma = false;
        fill(&mut ObjectWriter { writer: self });
        self.out.push('}');
        self.comma = true;
    }

    /// Writes an array as the next value.
    pub fn array(&mut self, fill: impl FnOnce(&mut Writer)) {
        self.separate();
        self.out.push('[');
        self.comma = false;
        fill(self);
        self.out.push(']');
        self.comma = true;
    }

    /// Writes a string as the next value.
    pub fn string(&mut self, text: &str) {
        self.separate();
        push_quoted(&mut self.out, text);
    }

    /// Writes JSON text that is known to be valid as the next value.
    pub fn raw(&mut self, json: &str) {
        self.separate();
        self.out.push_str(json);
    }
}

/// The members of one object being written.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    writer: &'a mut Writer,
}

impl ObjectWriter<'_> {
    /// A string member.
    pub fn string(&mut self, name: &str, text: &str) {
        self.writer.key(name).string(text);
    }

    /// A string member, left out where there is none.
    pub fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.string(name, text);
        }
    }

    /// A number member.
    pub fn number(&mut self, name: &str, number: impl Into<i128>) {
        let number: i128 = number.into();
        self.writer.key(name).raw(&number.to_string());
    }

    /// A boolean member.
    pub fn boolean(&mut self, name: &str, value: bool) {
        self.writer
            .key(name)
            .raw(if value { "true" } else { "false" });
    }

    /// A member whose value is JSON text that is known to be valid.
    pub fn raw(&mut self, name: &str, json: &str) {
        self.writer.key(name).raw(json);
    }

    /// An object member.
    pub fn object(&mut self, name: &str, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.writer.key(name).object(fill);
    }

    /// An array member.
    pub fn array(&mut self, name: &str, fill: impl FnOnce(&mut Writer)) {
        self.writer.key(name).array(fill);
    }
}

/// The text as a JSON string, quotes included.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_quoted(&mut out, text);
    out
}

/// Appends the text as a JSON string, quotes included.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            // Written short as RFC 8785 has them, so that canonical text can be written with this.
            0x08 => "\\b",
            0x0C => "\\f",
            0..=0x1F => "",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04x}"));
        } else {
            out.push_str(escape);
        }
        from = at + 1;
    }
    out.push_str(&text[from..]);
    out.push('"');
}
