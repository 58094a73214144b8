//! The policies that a page has in its `<meta>` elements.

/// The most policies of one page that are read.
const POLICIES: usize = 16;

/// The `content` of each `<meta http-equiv="Content-Security-Policy">` in the head of a page,
/// outside of comments and scripts. Browsers ignore those in its body.
pub(super) fn policies(page: &str) -> Vec<String> {
    let lower = page.to_ascii_lowercase();
    let page = &page[..lower.find("<body").unwrap_or(page.len())];
    let lower = &lower[..page.len()];
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = lower[at..].find('<').filter(|_| found.len() < POLICIES) {
        at += next;
        let rest = &lower[at..];
        if rest.starts_with("<!--") {
            at += behind(rest, "-->");
        } else if rest.starts_with("<script") {
            at += behind(rest, "</script");
        } else if rest.starts_with("<meta") {
            let (attributes, after) = attributes(&page[at + "<meta".len()..]);
            let get = |name| attributes.iter().find(|(known, _)| known == name);
            let is_policy = get("http-equiv")
                .is_some_and(|(_, value)| value.eq_ignore_ascii_case("content-security-policy"));
            found.extend(get("content").filter(|_| is_policy).map(|(_, value)| value.clone()));
            at = page.len() - after.len();
        } else {
            at += 1;
        }
    }
    found
}

/// The offset behind `end`; that of the end of the text if it is missing.
fn behind(text: &str, end: &str) -> usize {
    text.find(end).map_or(text.len(), |at| at + end.len())
}

/// The attributes of an element, with names in lower case, and what stands behind its `>`.
fn attributes(element: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    let mut rest = element;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return (found, after);
        }
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/');
        let (name, after) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
        if name.is_empty() && !after.starts_with('=') {
            return (found, after);
        }
        let (value, after) = match after.trim_ascii_start().strip_prefix('=') {
            Some(value) => value_of(value.trim_ascii_start()),
            None => ("", after),
        };
        found.push((name.to_ascii_lowercase(), unescaped(value)));
        rest = after;
    }
}

/// A value, quoted or not, and what stands behind it.
fn value_of(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>');
    text.split_at(end.unwrap_or(text.len()))
}

/// The characters that templates write in another way: the quotes of `'self'` above all.
fn unescaped(value: &str) -> String {
    [("&#39;", "'"), ("&#x27;", "'"), ("&apos;", "'"), ("&quot;", "\""), ("&amp;", "&")]
        .into_iter()
        .fold(value.to_owned(), |text, (escaped, char)| text.replace(escaped, char))
}

#[cfg(test)]
mod tests {
    use super::policies;

    #[test]
    fn policies_are_found_as_a_browser_finds_them() {
        let element =
            "<meta http-equiv=\"Content-Security-Policy\" content=\"connect-src 'self'\">";
        for (page, found) in [
            (element.to_owned(), &["connect-src 'self'"][..]),
            (format!("<!-- {element} --><p>"), &[]),
            (format!("<script>let a = '{element}'</script>"), &[]),
            (element.to_uppercase(), &["CONNECT-SRC 'SELF'"]),
            ("<META content='a b' HTTP-EQUIV=content-security-policy />".to_owned(), &["a b"]),
            (
                "<meta http-equiv=content-security-policy content=&#39;self&#39;>".to_owned(),
                &["'self'"],
            ),
            ("<meta charset=utf-8><meta name=a content=b>".to_owned(), &[]),
            (format!("{element}{element}"), &["connect-src 'self'", "connect-src 'self'"]),
            ("<meta http-equiv=content-security-policy content=".to_owned(), &[""]),
            (format!("<body>{element}"), &[]),
            ("<meta =".to_owned(), &[]),
            ("<мета <meta".to_owned(), &[]),
        ] {
            assert_eq!(policies(&page), found, "{page}");
        }
    }
}
