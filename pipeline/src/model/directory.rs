//! The entries of a directory: users and courses.
//!
//! Both are read completely before an error is returned, so [`Fields::deny_unknown`] can report a
//! misspelled field first.

use super::fields::{FieldError, Fields};
use super::name::Name;

/// A learner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name to print, as the learner typed it.
    pub name: Name,
    /// The address for notifications, such as `ada@example.com`. A user without one gets no e-mail.
    pub email: Option<String>,
    /// The learner's language as a BCP 47 tag, such as `pt-BR`.
    pub locale: Option<String>,
}

/// A course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// The title to print.
    pub name: String,
    /// The author's name to print.
    pub author: String,
    /// The name of the person who signs. Templates print the author where it is absent.
    pub instructor: Option<String>,
    /// The id of the template for certificates, such as `diploma`. The deployment's default applies
    /// where it is absent.
    pub template: Option<String>,
    /// The locale of certificates, such as `pt-BR`. The learner's language applies where it is
    /// absent.
    pub locale: Option<String>,
}

impl User {
    /// Reads `name`, or `givenName` and `familyName` or one of them, and the optional `email` and
    /// `locale`.
    ///
    /// # Errors
    /// Fails if a field has another type than text or there is no name.
    ///
    /// ```
    /// # use testamur_pipeline::model::directory::User;
    /// # use testamur_pipeline::model::fields::Fields;
    /// let mut fields = Fields::parse(r#"{"email": "ada@example.com"}"#)?;
    /// let error = User::from_fields(&mut fields).unwrap_err();
    /// assert_eq!(error.to_string(), "give either name, or givenName and familyName");
    /// # Ok::<_, testamur_pipeline::model::fields::FieldError>(())
    /// ```
    pub fn from_fields(fields: &mut Fields) -> Result<Self, FieldError> {
        let [full, given, family, email] =
            ["name", "givenName", "familyName", "email"].map(|name| fields.optional_string(name));
        let locale = fields.optional_language("locale");
        Ok(Self {
            name: Name::from_parts(full?, given?, family?).map_err(FieldError::new)?,
            email: email?,
            locale: locale?,
        })
    }
}

impl Course {
    /// Reads `name`, `author` and the optional `instructor`, `template` and `locale`.
    ///
    /// # Errors
    /// Fails if a required field is absent or empty, or a field has another type than text.
    pub fn from_fields(fields: &mut Fields) -> Result<Self, FieldError> {
        let [name, author] = ["name", "author"].map(|name| fields.text(name));
        let [instructor, template] =
            ["instructor", "template"].map(|name| fields.optional_string(name));
        let locale = fields.optional_language("locale");
        Ok(Self {
            name: name?,
            author: author?,
            instructor: instructor?,
            template: template?,
            locale: locale?,
        })
    }
}
