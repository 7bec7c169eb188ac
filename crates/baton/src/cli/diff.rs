//! The difference of two texts, line by line.

/// Most lines a side may have; beyond it the whole texts are shown as different.
const LINES_MAX: usize = 2_000;
/// Equal lines shown around a difference.
const AROUND: usize = 2;

/// The lines of both texts marked with `-`, `+` or a space; long equal runs are left out.
pub(super) fn lines(before: &str, after: &str) -> Vec<String> {
    let before: Vec<&str> = before.lines().collect();
    let after: Vec<&str> = after.lines().collect();
    let mut marked = Vec::new();
    if before.len() > LINES_MAX || after.len() > LINES_MAX {
        marked.extend(before.iter().map(|line| ('-', *line)));
        marked.extend(after.iter().map(|line| ('+', *line)));
    } else {
        walk(&before, &after, &mut marked);
    }
    let near = |at: usize| {
        let from = at.saturating_sub(AROUND);
        let to = (at + AROUND + 1).min(marked.len());
        marked[from..to].iter().any(|(mark, _)| *mark != ' ')
    };
    let shown = (0..marked.len()).filter(|at| near(*at));
    shown.map(|at| format!("{} {}", marked[at].0, marked[at].1)).collect()
}

/// Walks along a longest common subsequence.
fn walk<'a>(before: &[&'a str], after: &[&'a str], marked: &mut Vec<(char, &'a str)>) {
    let width = after.len() + 1;
    // Cell (i, j): how many lines the rests from i and j have in common.
    let mut common = vec![0_u32; (before.len() + 1) * width];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            common[i * width + j] = if before[i] == after[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            marked.push((' ', before[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < before.len()
            && (j == after.len() || common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            marked.push(('-', before[i]));
            i += 1;
        } else {
            marked.push(('+', after[j]));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_marked_with_what_is_around_them() {
        let check = |before: &str, after: &str, expect: &[&str]| {
            assert_eq!(lines(before, after), expect, "{before:?} {after:?}");
        };
        check("a\nb\nc", "a\nx\nc", &["  a", "- b", "+ x", "  c"]);
        check("", "a", &["+ a"]);
        check("a", "", &["- a"]);
        check("a\nb", "a\nb", &[]);
        check("1\n2\n3\n4\n5\n6", "1\n2\n3\n4\n5\n7", &["  4", "  5", "- 6", "+ 7"]);
    }
}
