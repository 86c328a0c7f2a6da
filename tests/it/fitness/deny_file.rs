//! Reads `deny.toml`, so that its lists are checked where `cargo deny` is not installed. The file keeps one entry a line.

/// A crate that only `wrappers` may depend on directly; without any it may not be in the tree.
pub struct Ban {
    pub name: String,
    pub wrappers: Vec<String>,
}

/// A licence that one crate may have.
pub struct Exception {
    pub name: String,
    pub licences: Vec<String>,
}

/// What `deny.toml` says.
pub struct DenyFile {
    pub licences: Vec<String>,
    pub exceptions: Vec<Exception>,
    pub bans: Vec<Ban>,
}

impl DenyFile {
    pub fn read() -> Self {
        let text = super::text("deny.toml");
        let exceptions = list(&text, "exceptions = [")
            .into_iter()
            .map(|line| Exception { name: field(line, "crate"), licences: quoted(part(line, "allow")) });
        let bans = list(&text, "deny = [")
            .into_iter()
            .map(|line| Ban { name: field(line, "crate"), wrappers: quoted(part(line, "wrappers")) });
        Self {
            licences: list(&text, "allow = [").into_iter().flat_map(quoted).collect(),
            exceptions: exceptions.collect(),
            bans: bans.collect(),
        }
    }
}

/// The entries of the first list that opens with the line `opening`, comments left out.
fn list<'t>(text: &'t str, opening: &str) -> Vec<&'t str> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != opening);
    assert!(lines.next().is_some(), "deny.toml has no line `{opening}`");
    lines.take_while(|line| *line != "]").filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// What stands in the brackets behind `key =`; nothing when the key is not there.
fn part<'t>(line: &'t str, key: &str) -> &'t str {
    let opening = format!("{key} = [");
    line.split_once(&opening).and_then(|(_, rest)| rest.split_once(']')).map_or("", |(inside, _)| inside)
}

fn field(line: &str, key: &str) -> String {
    let (_, rest) = line.split_once(&format!("{key} = ")).unwrap_or_else(|| panic!("no {key} in: {line}"));
    quoted(rest).swap_remove(0)
}

fn quoted(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}
