//! The directory of users and courses in the table.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use testamur_pipeline::error::without_values;
use testamur_pipeline::model::name::Name;
use testamur_pipeline::ports::{Course, Directory, User};
use testamur_pipeline::{Error, Rejection};

use super::{Item, Key, Table, empty_as_none};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserItem {
    #[serde(default, deserialize_with = "empty_as_none")]
    name: Option<String>,
    #[serde(default, deserialize_with = "empty_as_none")]
    given_name: Option<String>,
    #[serde(default, deserialize_with = "empty_as_none")]
    family_name: Option<String>,
    #[serde(default, deserialize_with = "empty_as_none")]
    email: Option<String>,
    #[serde(default, deserialize_with = "empty_as_none")]
    locale: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CourseItem {
    name: String,
    author: String,
    #[serde(default, deserialize_with = "empty_as_none")]
    instructor: Option<String>,
    #[serde(default, deserialize_with = "empty_as_none")]
    template: Option<String>,
    #[serde(default, deserialize_with = "empty_as_none")]
    locale: Option<String>,
}

impl Directory for Table {
    async fn user(&self, id: &str) -> Result<Option<User>, Error> {
        let Some(item) = self.get(&Key::user(id)).await? else {
            return Ok(None);
        };
        let unusable =
            |reason: String| Rejection::DirectoryEntry { what: "user", id: id.to_owned(), reason };
        let UserItem { name, given_name, family_name, email, locale } =
            read(item).map_err(unusable)?;
        let name = Name::from_parts(name, given_name, family_name)
            .map_err(|reason| unusable(reason.to_owned()))?;
        Ok(Some(User { name, email, locale }))
    }

    async fn course(&self, id: &str) -> Result<Option<Course>, Error> {
        let Some(item) = self.get(&Key::course(id)).await? else {
            return Ok(None);
        };
        let unusable = |reason: String| Rejection::DirectoryEntry {
            what: "course",
            id: id.to_owned(),
            reason,
        };
        let CourseItem { name, author, instructor, template, locale } =
            read(item).map_err(unusable)?;
        Ok(Some(Course { name, author, instructor, template, locale }))
    }
}

fn read<T: DeserializeOwned>(item: Item) -> Result<T, String> {
    serde_dynamo::from_item(item).map_err(|e| without_values(&e.to_string()))
}
