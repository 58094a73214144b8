//! Finds public asynchronous functions whose documentation does not say what happens when the
//! future is dropped before it is ready.

/// The names of such functions in a file.
pub fn undocumented(text: &str) -> Vec<&str> {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let missing = |at: &usize| {
        let is_doc = |line: &&&str| line.starts_with("//") || line.starts_with("#[");
        let begins = *at - lines[..*at].iter().rev().take_while(is_doc).count();
        let docs = lines[begins..*at].iter().map(|line| line.trim_start_matches('/').trim());
        let docs = docs.collect::<Vec<_>>().join(" ").to_lowercase();
        is_async(&lines[*at..]) && !docs.contains("cancel safe")
    };
    (0..lines.len()).filter(missing).filter_map(|at| name(lines[at])).collect()
}

/// Whether a public function begins here that returns a future.
fn is_async(lines: &[&str]) -> bool {
    if lines[0].starts_with("pub async fn ") {
        return true;
    }
    let ends = |line: &&str| line.ends_with('{') || line.ends_with(';') || line.ends_with('}');
    let end = lines.iter().position(ends).map_or(lines.len(), |end| end + 1);
    lines[0].starts_with("pub fn ") && lines[..end].concat().contains("-> impl Future")
}

fn name(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fn ")?;
    rest.split(['(', '<']).next()
}

#[test]
fn each_function_needs_a_line_of_its_own() {
    let text = "
        /// Waits. Cancel safe.
        #[must_use]
        pub async fn told() {}
        pub async fn untold() {}
        /// Waits.
        pub fn split(
            &self,
        ) -> impl Future<Output = ()> {
        /// It may have written a part. Not cancel
        /// safe.
        pub async fn written<S>() {}
        async fn private() {}
        pub(crate) async fn inside() {}
        pub fn plain() -> u32 {}";
    assert_eq!(undocumented(text), ["untold", "split"]);
}
