//! The recipes of the `justfile`, as far as a test has to know them without `just`.

/// A recipe: the names of its arguments, and its lines.
pub struct Recipe {
    arguments: Vec<String>,
    lines: Vec<String>,
}

impl Recipe {
    /// The recipe of that name.
    pub fn find(justfile: &str, name: &str) -> Option<Self> {
        let mut lines = justfile.lines().skip_while(|line| {
            let head = line.split([' ', ':']).next();
            head != Some(name) || line.contains(":=")
        });
        let head = lines.next()?.trim_end_matches(':');
        let arguments = head.split_whitespace().skip(1).map(str::to_owned).collect();
        let body = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
        let lines = body.map(|line| line.trim().trim_start_matches(['-', '@']).to_owned());
        Some(Self { arguments, lines: lines.filter(|line| !line.is_empty()).collect() })
    }

    /// The commands that it runs with these arguments, or why it does not take them. A recipe that
    /// is one script is none of commands: `names.rs` among the tests of the lessons runs the one
    /// that pages name most.
    pub fn commands(&self, given: &[&str]) -> Result<Vec<String>, String> {
        let is_many = |argument: &String| argument.starts_with(['*', '+']);
        let needed = self
            .arguments
            .iter()
            .filter(|argument| !argument.contains('=') && !argument.starts_with('*'));
        if given.len() < needed.count() {
            return Err(format!("the recipe wants {:?}", self.arguments));
        }
        if given.len() > self.arguments.len() && !self.arguments.last().is_some_and(is_many) {
            return Err(format!("the recipe takes only {:?}", self.arguments));
        }
        if self.lines.first().is_some_and(|line| line.starts_with("#!")) {
            return Ok(Vec::new());
        }
        let mut lines = self.lines.clone();
        for (at, argument) in self.arguments.iter().enumerate() {
            let (name, default) = argument.split_once('=').unwrap_or((argument, ""));
            let value = match given.get(at) {
                Some(_) if is_many(argument) => given[at..].join(" "),
                Some(value) => (*value).to_owned(),
                None => default.trim_matches('"').to_owned(),
            };
            let place = format!("{{{{ {} }}}}", name.trim_start_matches(['*', '+']));
            lines = lines.iter().map(|line| line.replace(&place, &value)).collect();
        }
        Ok(lines)
    }
}
