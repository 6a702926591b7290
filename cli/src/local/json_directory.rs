//! Users and courses from two JSON files, `users.json` and `courses.json`.

use std::collections::HashMap;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use testamur_pipeline::Error;
use testamur_pipeline::model::fields::{FieldError, Fields, describe_json_error};
use testamur_pipeline::ports::{Course, Directory, User};

use crate::error::CliError;

/// The directory of a deployment, read once. Clones are cheap.
#[derive(Clone)]
pub(crate) struct JsonDirectory {
    users: Arc<HashMap<String, User>>,
    courses: Arc<HashMap<String, Course>>,
}

impl JsonDirectory {
    /// Reads both files in `folder`. Each holds a list of entries with distinct ids and no unknown
    /// fields.
    pub(crate) fn load(folder: &Path) -> Result<Self, CliError> {
        let users = read(&folder.join("users.json"), "user", "userId", User::from_fields)?;
        let courses =
            read(&folder.join("courses.json"), "course", "courseId", Course::from_fields)?;
        Ok(Self { users: Arc::new(users), courses: Arc::new(courses) })
    }
}

fn read<T>(
    path: &Path,
    what: &str,
    id_field: &'static str,
    parse: impl Fn(&mut Fields) -> Result<T, FieldError>,
) -> Result<HashMap<String, T>, CliError> {
    let text = fs::read_to_string(path).map_err(|e| CliError::file("read", path, e))?;
    let invalid = |reason: String| CliError::Content { path: path.to_owned(), reason };
    let list: Vec<Fields> = serde_json::from_str(&text)
        .map_err(|e| invalid(format!("expected a list of objects: {}", describe_json_error(&e))))?;
    let mut entries = HashMap::with_capacity(list.len());
    for (number, mut fields) in (1..).zip(list) {
        let id =
            fields.string(id_field).map_err(|error| invalid(format!("entry {number}: {error}")))?;
        let in_entry = |reason: &dyn Display| {
            invalid(format!("entry {number} ({what} {}): {reason}", id.escape_debug()))
        };
        let entry = parse(&mut fields);
        let entry = fields.deny_unknown().and(entry).map_err(|error| in_entry(&error))?;
        // Of two entries with one id, one would put a wrong name on a certificate.
        if entries.contains_key(&id) {
            return Err(in_entry(&"the id is used twice: delete one entry"));
        }
        entries.insert(id, entry);
    }
    Ok(entries)
}

impl Directory for JsonDirectory {
    async fn user(&self, id: &str) -> Result<Option<User>, Error> {
        Ok(self.users.get(id).cloned())
    }

    async fn course(&self, id: &str) -> Result<Option<Course>, Error> {
        Ok(self.courses.get(id).cloned())
    }
}
