use serde_json_path::JsonPath;

/// Longest JSON path.
pub(super) const PATH_BYTES_MAX: usize = 500;
/// Most selectors listed with commas, in the whole path: each can double the work.
const COMMAS_MAX: usize = 4;
/// Most opening parentheses; the parser tries nested ones several ways.
const PARENTHESES_MAX: usize = 6;
/// Most filters.
const FILTERS_MAX: usize = 3;

/// Compiles a JSON path (RFC 9535) whose cost on a hostile answer stays near the answer's size.
pub(super) fn compile(path: &str) -> Result<JsonPath, String> {
    if path.len() > PATH_BYTES_MAX {
        return Err(format!("the path is longer than {PATH_BYTES_MAX} bytes"));
    }
    let outside = outside_quotes(path);
    let count = |what: &str| outside.matches(what).count();
    if count("..") > 1 {
        return Err("only one `..` is allowed in a path".to_owned());
    }
    if count("$") > 1 {
        return Err("`$` is allowed only at the start of a path".to_owned());
    }
    if count(",") > COMMAS_MAX || count("(") > PARENTHESES_MAX || count("?") > FILTERS_MAX {
        return Err("the path is too complicated; use a simpler path or match `regex`".to_owned());
    }
    let closed_up: String = outside.split_whitespace().collect();
    if closed_up.contains("match(") || closed_up.contains("search(") {
        return Err("`match` and `search` are not supported in paths; match `regex`".to_owned());
    }
    JsonPath::parse(path).map_err(|e| format!("not a JSON path (RFC 9535): {e}"))
}

/// The path without what stands in quotes, so that names cannot look like syntax.
fn outside_quotes(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut quote = None;
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match quote {
            Some(_) if c == '\\' => drop(chars.next()),
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None => out.push(c),
        }
    }
    out
}
