use super::{Manifest, ManifestProblem};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The connectors that can be used, by name.
#[derive(Clone, Debug, Default)]
pub struct Registry(BTreeMap<String, Arc<Manifest>>);

impl Registry {
    /// Reads the manifests of the program and of the user.
    ///
    /// # Errors
    /// All problems of all files; a name that is taken is one.
    pub fn load(
        embedded: &[(&str, &str)],
        user: &[(String, String)],
    ) -> Result<Self, Vec<ManifestProblem>> {
        let mut registry = BTreeMap::new();
        let mut from: BTreeMap<String, &str> = BTreeMap::new();
        let mut problems = Vec::new();
        let user = user.iter().map(|(file, text)| (file.as_str(), text.as_str()));
        for (file, text) in embedded.iter().copied().chain(user) {
            match Manifest::read(file, text) {
                Err(found) => problems.extend(found),
                Ok(manifest) => {
                    if let Some(other) = from.insert(manifest.name.clone(), file) {
                        let message = format!("`{}` is the name of {other} already", manifest.name);
                        let file = file.to_owned();
                        problems.push(ManifestProblem { file, line: None, message });
                    }
                    registry.insert(manifest.name.clone(), Arc::new(manifest));
                }
            }
        }
        if problems.is_empty() { Ok(Self(registry)) } else { Err(problems) }
    }

    /// The connector of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Manifest>> {
        self.0.get(name)
    }

    /// All connectors by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Manifest>> {
        self.0.values()
    }
}
