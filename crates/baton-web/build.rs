//! Puts the built admin interface into the binary.
//!
//! What `npm run build` left in `ui/dist` is copied to `$OUT_DIR/ui`, and a table of it written for
//! `src/admin.rs`; without it there is one page that says how to build it. Node is never run here:
//! the Rust side builds without it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const NOT_BUILT: &str = r#"<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Baton</title></head>
<body style="font-family: system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color-scheme: light dark">
<h1>UI not built</h1>
<p>This Baton was compiled without its interface; the server and its API are whole. Build the interface with Node.js 20 or
newer and compile again:</p>
<pre>npm --prefix ui ci &amp;&amp; npm --prefix ui run build
cargo build --release -p baton</pre>
</body>
</html>
"#;

fn main() -> io::Result<()> {
    let manifest_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    let dist = manifest_dir.join("../../ui/dist");
    // The folder is always there (`.gitkeep`): cargo would take a missing one for changed, and
    // compile this crate at every build. Never `ui/` itself, it holds node_modules.
    println!("cargo::rerun-if-changed=../../ui/dist");
    println!("cargo::rerun-if-changed=build.rs");

    let kept = out.join("ui");
    if kept.exists() {
        fs::remove_dir_all(&kept)?;
    }
    fs::create_dir_all(&kept)?;
    if dist.join("index.html").is_file() {
        copy(&dist, &kept)?;
    } else {
        println!("cargo::warning=ui/dist is empty: this build has no admin interface");
        fs::write(kept.join("index.html"), NOT_BUILT)?;
    }

    let mut files = Vec::new();
    list(&kept, &kept, &mut files)?;
    files.sort();
    fs::write(out.join("ui_files.rs"), table(&kept, &files)?)
}

/// Rust for a slice of `File`: each file with its path, bytes, and bytes packed by gzip if any.
fn table(kept: &Path, files: &[String]) -> io::Result<String> {
    let mut text = "&[\n".to_owned();
    for path in files.iter().filter(|path| !path.ends_with(".gz")) {
        let plain = kept.join(path);
        let packed = format!("{path}.gz");
        let gzip = if files.binary_search(&packed).is_ok() {
            format!("Some(include_bytes!({:?}))", kept.join(&packed))
        } else {
            "None".to_owned()
        };
        writeln!(
            text,
            "    File {{ path: {path:?}, plain: include_bytes!({plain:?}), gzip: {gzip} }},"
        )
        .map_err(io::Error::other)?;
    }
    text.push(']');
    Ok(text)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        // `.gitkeep`, and whatever an editor leaves behind.
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn list(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
        } else if let Ok(below) = path.strip_prefix(root) {
            files.push(below.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}
