//! The directory of users and courses in the table.

use testamur_pipeline::model::fields::FieldError;
use testamur_pipeline::ports::{Course, Directory, User};
use testamur_pipeline::{Error, Rejection};

use super::{Key, Table, fields};

impl Directory for Table {
    async fn user(&self, id: &str) -> Result<Option<User>, Error> {
        let item = self.get(&Key::user(id)).await?;
        let user = item.map(|item| User::from_fields(&mut fields(item))).transpose();
        Ok(user.map_err(|error| unusable("user", id, &error))?)
    }

    async fn course(&self, id: &str) -> Result<Option<Course>, Error> {
        let item = self.get(&Key::course(id)).await?;
        let course = item.map(|item| Course::from_fields(&mut fields(item))).transpose();
        Ok(course.map_err(|error| unusable("course", id, &error))?)
    }
}

fn unusable(what: &'static str, id: &str, error: &FieldError) -> Rejection {
    Rejection::DirectoryEntry { what, id: id.to_owned(), reason: error.to_string() }
}
