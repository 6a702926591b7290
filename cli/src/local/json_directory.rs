//! Users and courses from two JSON files, `users.json` and `courses.json`.
//!
//! A file that can't be read stops the program. An entry that can't be used rejects only the events
//! of its user or course, with the reason.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::value::RawValue;
use testamur_engine::decode;
use testamur_pipeline::model::fields::{FieldError, Fields, describe_json_error};
use testamur_pipeline::ports::{Course, Directory, User};
use testamur_pipeline::{Error, Rejection};

use crate::error::CliError;
use crate::terminal;

/// The entries of a file by id, with the reason for each that can't be used.
type Entries<T> = HashMap<String, Result<T, String>>;

/// The directory of a deployment, read once. Clones are cheap.
#[derive(Clone)]
pub(crate) struct JsonDirectory {
    users: Arc<Entries<User>>,
    courses: Arc<Entries<Course>>,
}

impl JsonDirectory {
    /// Reads both files in `folder`. Each holds a list of entries with distinct ids and no unknown
    /// fields.
    pub(crate) fn load(folder: &Path) -> Result<Self, CliError> {
        let users = read(&folder.join("users.json"), "userId", User::from_fields)?;
        let courses = read(&folder.join("courses.json"), "courseId", Course::from_fields)?;
        Ok(Self { users: Arc::new(users), courses: Arc::new(courses) })
    }
}

fn read<T>(
    path: &Path,
    id_field: &'static str,
    parse: impl Fn(&mut Fields) -> Result<T, FieldError>,
) -> Result<Entries<T>, CliError> {
    let bytes = fs::read(path).map_err(|e| CliError::file("read", path, e))?;
    let invalid = |reason: String| CliError::Content { path: path.to_owned(), reason };
    let text = decode(&bytes).map_err(|e| invalid(e.to_string()))?;
    let list: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|e| invalid(format!("expected a list of objects: {}", describe_json_error(&e))))?;
    let mut entries = Entries::with_capacity(list.len());
    for (number, json) in (1..).zip(list) {
        let place = format!("entry {number} of {}", path.display());
        match Fields::parse_entry(json.get())
            .and_then(|fields| read_entry(fields, id_field, &parse))
        {
            Ok((id, entry)) => {
                let entry = entry.map_err(|error| format!("{place}: {error}"));
                add(&mut entries, id, entry, &place);
            }
            // No event can ask for an entry without an id.
            Err(error) => {
                terminal::eprint_line(&format!("warning: {place}: {error}; it is ignored"));
            }
        }
    }
    Ok(entries)
}

/// Returns the id of an entry, and the entry or why it can't be used. Fails without an id.
fn read_entry<T>(
    mut fields: Fields,
    id_field: &'static str,
    parse: impl Fn(&mut Fields) -> Result<T, FieldError>,
) -> Result<(String, Result<T, FieldError>), FieldError> {
    let id = fields.id(id_field)?;
    let entry = parse(&mut fields);
    Ok((id, fields.deny_unknown().and(entry)))
}

/// Adds an entry. Of two entries with one id, one would put a wrong name on a certificate, so none
/// is used.
fn add<T>(entries: &mut Entries<T>, id: String, entry: Result<T, String>, place: &str) {
    match entries.entry(id) {
        Entry::Vacant(vacant) => drop(vacant.insert(entry)),
        Entry::Occupied(mut earlier) => {
            *earlier.get_mut() = Err(format!("{place}: the id is used twice: delete one entry"));
        }
    }
}

impl Directory for JsonDirectory {
    async fn user(&self, id: &str) -> Result<Option<User>, Error> {
        find(&self.users, "user", id)
    }

    async fn course(&self, id: &str) -> Result<Option<Course>, Error> {
        find(&self.courses, "course", id)
    }
}

fn find<T: Clone>(entries: &Entries<T>, what: &'static str, id: &str) -> Result<Option<T>, Error> {
    let entry = entries.get(id).cloned().transpose();
    let rejected = |reason| Rejection::DirectoryEntry { what, id: id.to_owned(), reason };
    Ok(entry.map_err(rejected)?)
}
