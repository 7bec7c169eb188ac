//! Which known name was probably meant.

/// Most changes between a name and the one it was meant to be.
const CHANGES_MAX: usize = 4;

/// The known name nearest to `name`, if one is near.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = |candidate: &'a str| (changes(name, candidate), candidate);
    let (changes, best) = known.map(near).min_by_key(|(changes, _)| *changes)?;
    (changes <= CHANGES_MAX.min(name.len() / 2)).then_some(best)
}

/// How many characters are to be put in, taken out or replaced to make `a` into `b`.
fn changes(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_noise_finds_none() {
        let known = ["listen", "database", "allow_private"];
        let check = |name: &str, expect: Option<&str>| {
            assert_eq!(nearest(name, known.into_iter()), expect, "{name}");
        };
        check("lisen", Some("listen"));
        check("databse", Some("database"));
        check("allow-private", Some("allow_private"));
        check("allow_privat", Some("allow_private"));
        check("zzz", None);
        check("", None);
    }
}
