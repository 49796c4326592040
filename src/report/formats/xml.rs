//! XML documents.
//!
//! Invariant: no character comes out that XML 1.0 cannot hold, not even as a reference.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io;

/// What a document is written to: memory, so writing does not fail.
pub(super) type Xml = Writer<Vec<u8>>;

/// A document, each element on a line of its own.
pub(super) fn document(doctype: Option<&str>, content: impl FnOnce(&mut Xml) -> io::Result<()>) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 0);
    let write = || {
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        if let Some(doctype) = doctype {
            xml.write_event(Event::DocType(BytesText::from_escaped(doctype)))?;
        }
        content(&mut xml)
    };
    write().expect("invariant: writing to memory does not fail");
    let mut text = String::from_utf8(xml.into_inner()).expect("invariant: only text was written");
    text.push('\n');
    text
}

/// A text without what XML cannot hold (section 2.2), and without line ends and tabs, which attributes turn into blanks.
pub(super) fn plain(text: &str) -> String {
    text.replace(|character: char| character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}'), "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_is_escaped_and_what_cannot_be_held_is_replaced() {
        let text = document(None, |xml| {
            let name = plain("<a>&\"'\n\u{1}\u{ffff}]]>");
            xml.create_element("e")
                .with_attribute(("name", name.as_str()))
                .write_text_content(BytesText::new(&name))?;
            Ok(())
        });
        let escaped = "&lt;a&gt;&amp;&quot;&apos;___]]&gt;";
        let expected = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<e name=\"{escaped}\">{escaped}</e>\n");
        assert_eq!(text, expected);
    }
}
