//! Finds circles of imports: files that use one another, directly or through others.
//!
//! A re-export is no use. `pub use hub::Hub` in `broadcast.rs` does not make `broadcast.rs` depend
//! on `hub.rs`, and a file that names `broadcast::Hub` depends on `hub.rs`.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Import, code, imports, is_word, paths, words};

/// A module's path from the crate's root: `["broadcast", "hub"]`; the root's is empty.
type Module = Vec<String>;

/// The most re-exports that are followed from one name, so that a mistake here cannot loop.
const MOST_REEXPORTS: usize = 16;

struct File {
    name: String,
    imports: Vec<Import>,
    /// The code without comments, texts, tests and imports.
    body: String,
}

/// The files of one crate, by module.
pub struct Crate(BTreeMap<Module, File>);

impl Crate {
    /// Of files that are named from the crate's `src`, each with its text.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let read = |(name, text): (&str, &str)| {
            let mut body = code(text);
            let imports = imports(&mut body);
            (module(name), File { name: name.to_owned(), imports, body })
        };
        Self(files.into_iter().map(read).collect())
    }

    /// The circles, each with its files in order of their names.
    pub fn circles(&self) -> BTreeSet<Vec<&str>> {
        let uses: BTreeMap<_, _> =
            self.0.keys().map(|module| (module, self.uses(module))).collect();
        let reached: BTreeMap<_, _> =
            uses.keys().map(|&module| (module, reach(&uses, module))).collect();
        let circle = |module: &Module| {
            let others = reached[module].iter().filter(|other| reached[*other].contains(module));
            let mut files: Vec<_> = others.map(|other| self.0[*other].name.as_str()).collect();
            files.sort_unstable();
            files
        };
        self.0.keys().map(circle).filter(|files| !files.is_empty()).collect()
    }

    /// The files that a circle's files use among themselves, one line a file.
    pub fn explained(&self, circle: &[&str]) -> String {
        let line = |file: &&str| {
            let used = self.uses(&module(file));
            let used = used.iter().map(|module| self.0[module].name.as_str());
            let used: Vec<_> = used.filter(|name| circle.contains(name)).collect();
            format!("    {file} uses {}\n", used.join(", "))
        };
        circle.iter().map(line).collect()
    }

    /// The modules of the other files that a file uses.
    fn uses(&self, module: &Module) -> BTreeSet<Module> {
        let File { imports, body, .. } = &self.0[module];
        let words = words(body);
        let is_used = |import: &&Import| {
            matches!(import.name.as_str(), "*" | "_") || words.contains(import.name.as_str())
        };
        let imported = imports.iter().filter(is_used).map(|import| import.path.clone());
        let targets = imported.chain(paths(body));
        let mut found: BTreeSet<_> =
            targets.filter_map(|path| self.resolve(self.absolute(module, &path)?)).collect();
        found.remove(module);
        found
    }

    /// A path in a file as one from the crate's root; none if it leads to another crate or to
    /// something of this file.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Vec<String>> {
        let mut base = module.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => drop(base.pop()),
            child => {
                let child = [module.as_slice(), &[child.to_owned()]].concat();
                return self.0.contains_key(&child).then(|| [module.as_slice(), path].concat());
            }
        }
        rest = &rest[1..];
        while rest.first().is_some_and(|first| first == "super") {
            base.pop();
            rest = &rest[1..];
        }
        Some([base.as_slice(), rest].concat())
    }

    /// The file that defines what a path from the root names; none if it is of another crate.
    fn resolve(&self, mut path: Vec<String>) -> Option<Module> {
        for _ in 0..MOST_REEXPORTS {
            let depth = (0..=path.len()).rev().find(|n| self.0.contains_key(&path[..*n]))?;
            let owner = path[..depth].to_vec();
            let Some(name) = path.get(depth) else { return Some(owner) };
            let imports = &self.0[&owner].imports;
            let Some(import) = imports.iter().find(|import| import.name == *name) else {
                return Some(owner);
            };
            let rest = path.split_off(depth + 1);
            path = [self.absolute(&owner, &import.path)?, rest].concat();
        }
        None
    }
}

/// `["broadcast", "hub"]` of `broadcast/hub.rs`; of `lib.rs` and `main.rs` the root.
fn module(file: &str) -> Module {
    let path = file.strip_suffix(".rs").unwrap_or(file);
    let parts = path.split('/').filter(|part| !["lib", "main", "mod"].contains(part));
    parts.map(str::to_owned).collect()
}

/// All that a module uses, directly or through others.
fn reach<'a>(
    uses: &'a BTreeMap<&Module, BTreeSet<Module>>,
    from: &'a Module,
) -> BTreeSet<&'a Module> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        open.extend(uses[module].iter().filter(|next| found.insert(*next)));
    }
    found
}

#[test]
fn a_circle_is_seen_whichever_way_it_is_written() {
    let outlet = "use super::hub::{Audience, self}; fn f(a: Audience) { hub::g() }";
    for hub in [
        "use super::outlet::Outlet; fn f(o: Outlet) {}",
        "use crate::broadcast::outlet::{self, Wire as W}; fn f() { outlet::f(W) }",
        "fn f(o: super::outlet::Outlet) {}",
        "use super::Outlet; fn f(o: Outlet) {}",
        "use super::log::Log; fn f(l: Log) {}",
        "use super::outlet::*;",
    ] {
        let files = [
            ("lib.rs", "mod broadcast;"),
            (
                "broadcast.rs",
                "mod hub; mod outlet; mod log; pub use outlet::Outlet; pub use hub::Hub;",
            ),
            ("broadcast/hub.rs", hub),
            ("broadcast/log.rs", "use super::outlet; fn f() { outlet::f() }"),
            ("broadcast/outlet.rs", outlet),
        ];
        let found = Crate::of(files);
        let circles = found.circles();
        assert_eq!(circles.len(), 1, "{hub}: {circles:?}");
        let circle = circles.first().unwrap();
        assert!(circle.contains(&"broadcast/hub.rs"), "{hub}: {circle:?}");
        assert!(circle.contains(&"broadcast/outlet.rs"), "{hub}: {circle:?}");
        assert!(!circle.contains(&"broadcast.rs"), "{hub}: {circle:?}");
    }
}

#[test]
fn a_parent_and_a_child_that_use_one_another_are_a_circle() {
    let child = "use super::LIMIT; pub struct Caps([u8; LIMIT]);";
    let parent = "mod caps; pub use caps::Caps; const LIMIT: usize = 1;";
    assert!(Crate::of([("limits.rs", parent), ("limits/caps.rs", child)]).circles().is_empty());
    for used in ["fn f(c: Caps) {}", "fn f() { caps::g() }", "fn f(c: self::caps::Caps) {}"] {
        let parent = format!("{parent} {used}");
        let found = Crate::of([("limits.rs", parent.as_str()), ("limits/caps.rs", child)]);
        assert_eq!(found.circles().len(), 1, "{used}");
    }
}

#[test]
fn comments_texts_tests_and_other_crates_are_no_uses() {
    let hub = r##"
        // use super::outlet::Outlet;
        /* super::outlet::Outlet */
        use tokio::outlet; use std::sync::Arc;
        const A: &str = "super::outlet::B \" super::outlet::C";
        const B: &str = r#"super::outlet::D " super::outlet::E"#;
        const C: char = '"';
        fn f<'a>(text: &'a str) -> outlet::Other {}
        #[cfg(test)]
        mod tests { use super::*; use crate::outlet::Outlet; fn f() {} }"##;
    let files =
        [("lib.rs", ""), ("hub.rs", hub), ("outlet.rs", "use crate::hub::f; fn g() { f() }")];
    let circles = Crate::of(files);
    assert_eq!(circles.circles(), BTreeSet::new());
    assert!(is_word('_'));
}
