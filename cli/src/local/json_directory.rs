//! Learners and courses from two JSON files, `users.json` and `courses.json`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use testamur_pipeline::Error;
use testamur_pipeline::model::name::Name;
use testamur_pipeline::ports::{Course, Directory, User};

use crate::error::CliError;

/// The directory of a deployment, read once. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct JsonDirectory {
    users: Arc<HashMap<String, User>>,
    courses: Arc<HashMap<String, Course>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserEntry {
    user_id: String,
    /// The name in one piece, or both of the following.
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    email: Option<String>,
    locale: Option<String>,
}

impl UserEntry {
    fn into_user(self) -> Result<(String, User), String> {
        let name = Name::from_parts(self.name, self.given_name, self.family_name);
        let name = name.map_err(|reason| format!("{}: {reason}", self.user_id))?;
        Ok((self.user_id, User { name, email: self.email, locale: self.locale }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CourseEntry {
    course_id: String,
    name: String,
    author: String,
    instructor: Option<String>,
    template: Option<String>,
    locale: Option<String>,
}

impl JsonDirectory {
    /// Reads both files of a folder; each is a list.
    pub(crate) fn load(folder: &Path) -> Result<Self, CliError> {
        let course = |entry: CourseEntry| {
            let CourseEntry { course_id, name, author, instructor, template, locale } = entry;
            Ok((course_id, Course { name, author, instructor, template, locale }))
        };
        Ok(Self {
            users: Arc::new(read(&folder.join("users.json"), UserEntry::into_user)?),
            courses: Arc::new(read(&folder.join("courses.json"), course)?),
        })
    }
}

/// Reads a list. An id that stands twice is an error, for one of the two would be a wrong name on a certificate.
fn read<E: DeserializeOwned, T>(
    path: &Path,
    entry: impl Fn(E) -> Result<(String, T), String>,
) -> Result<HashMap<String, T>, CliError> {
    let unusable = |reason: String| CliError::Content { path: path.to_owned(), reason };
    let text = fs::read_to_string(path).map_err(|e| CliError::file("read", path, e))?;
    let list: Vec<E> = serde_json::from_str(&text).map_err(|e| unusable(e.to_string()))?;
    let mut found = HashMap::with_capacity(list.len());
    for entry in list.into_iter().map(entry) {
        let (id, value) = entry.map_err(unusable)?;
        if found.contains_key(&id) {
            return Err(unusable(format!("{id} is there twice: delete one entry")));
        }
        found.insert(id, value);
    }
    Ok(found)
}

impl Directory for JsonDirectory {
    async fn user(&self, id: &str) -> Result<Option<User>, Error> {
        Ok(self.users.get(id).cloned())
    }

    async fn course(&self, id: &str) -> Result<Option<Course>, Error> {
        Ok(self.courses.get(id).cloned())
    }
}
