//! Learners and courses in the table.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use testamur_pipeline::name::Name;
use testamur_pipeline::ports::{Course, Directory, User};
use testamur_pipeline::{Error, Rejection};

use super::table::{Item, Key, Table};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserItem {
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    email: Option<String>,
    locale: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CourseItem {
    name: String,
    author: String,
    instructor: Option<String>,
    template: Option<String>,
    locale: Option<String>,
}

impl Directory for Table {
    async fn user(&self, id: &str) -> Result<Option<User>, Error> {
        let Some(item) = self.get(&Key::user(id)).await? else {
            return Ok(None);
        };
        let unusable = |reason: String| Rejection::DirectoryEntry { what: "user", id: id.to_owned(), reason };
        let UserItem { name, given_name, family_name, email, locale } = read(item).map_err(unusable)?;
        let name = Name::of(name, given_name, family_name).map_err(|reason| unusable(reason.to_owned()))?;
        Ok(Some(User { name, email, locale }))
    }

    async fn course(&self, id: &str) -> Result<Option<Course>, Error> {
        let Some(item) = self.get(&Key::course(id)).await? else {
            return Ok(None);
        };
        let unusable = |reason: String| Rejection::DirectoryEntry { what: "course", id: id.to_owned(), reason };
        let CourseItem { name, author, instructor, template, locale } = read(item).map_err(unusable)?;
        Ok(Some(Course { name, author, instructor, template, locale }))
    }
}

fn read<T: DeserializeOwned>(item: Item) -> Result<T, String> {
    serde_dynamo::from_item(item).map_err(|e| e.to_string())
}
