//! Makes the certificate of a completed course: files first, then the record, which carries the news.
//!
//! The order is the guarantee. A record is never written before its files are stored, and the announcement is never made
//! without its record, so whatever step a process dies at, running the event again ends in the same certificate. DeliveryLog
//! of one completion may work at the same time, in one process or in many: they make the same objects, or, if they differ,
//! objects with other keys, and one of them writes the record.

use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testamur_engine::{
    Data, Document, JpegEncoder, PdfMetadata, RenderError, Template, normalize_text,
};
use tracing::{Instrument, info_span};

use crate::error::{Error, Rejection, TransientError};
use crate::model::certificate::{
    CertificateId, CertificateRecord, CertificateStatus, IdKey, TemplateRef,
};
use crate::model::events::{CourseCompleted, Event};
use crate::ports::{CertificateStore, Course, CreateOutcome, Directory, Object, ObjectStore, User};
use crate::templates::TemplateCache;

/// The name of the span in which a certificate is laid out, for those who measure it.
pub const RENDER: &str = "render";

/// The use case, with everything it needs.
pub struct Issuer<D, O, R> {
    /// Learners and courses.
    pub directory: D,
    /// The store for files.
    pub objects: O,
    /// The store for records.
    pub records: R,
    /// The templates.
    pub templates: TemplateCache,
    /// What this deployment has chosen.
    pub settings: IssueConfig,
}

/// What a deployment chooses.
#[derive(Debug, Clone)]
pub struct IssueConfig {
    /// The secret behind certificate ids.
    pub id_key: IdKey,
    /// Where the stored objects are served, without a slash at the end.
    pub base_url: String,
    /// The template of courses that name none.
    pub default_template: String,
    /// How images are encoded.
    pub jpeg: JpegEncoder,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueOutcome {
    /// There is a new certificate.
    Issued(CertificateRecord),
    /// There was one already; nothing has changed.
    AlreadyIssued(CertificateRecord),
}

impl<D: Directory, O: ObjectStore, R: CertificateStore> Issuer<D, O, R> {
    /// Issues the certificate of a completion, once however often it is called. `now` is recorded as the time of writing.
    ///
    /// # Errors
    /// [`Error::Rejected`] if learner, course, template or text must be repaired first, [`Error::Retryable`] if a port failed.
    pub async fn issue(
        &self,
        event: &CourseCompleted,
        now: Timestamp,
    ) -> Result<IssueOutcome, Error> {
        let id = CertificateId::derive(&self.settings.id_key, &event.enrollment_id);
        if let Some(record) = self.records.find(id).await? {
            return already(record, event);
        }
        let (user, course) = self.hydrate(event).await?;
        let template = self.template(&course).await?;
        let (record, data) = self.draft(id, event, &user, &course, &template, now);
        self.store(&record, data, template).await?;
        match self.records.create(&record).await? {
            CreateOutcome::Created => Ok(IssueOutcome::Issued(record)),
            CreateOutcome::Exists(record) => already(*record, event),
        }
    }

    async fn hydrate(&self, event: &CourseCompleted) -> Result<(User, Course), Error> {
        let (user, course) = tokio::join!(
            self.directory.user(&event.user_id),
            self.directory.course(&event.course_id)
        );
        let user = user?.ok_or_else(|| Rejection::UnknownUser(event.user_id.clone()))?;
        let course = course?.ok_or_else(|| Rejection::UnknownCourse(event.course_id.clone()))?;
        Ok((user, course))
    }

    async fn template(&self, course: &Course) -> Result<Template, Error> {
        let id = course.template.as_ref().unwrap_or(&self.settings.default_template).clone();
        let templates = self.templates.clone();
        blocking(move || templates.get(&id)).await
    }

    /// What will be recorded, and what the template is filled with.
    fn draft(
        &self,
        id: CertificateId,
        event: &CourseCompleted,
        user: &User,
        course: &Course,
        template: &Template,
        now: Timestamp,
    ) -> (CertificateRecord, Data) {
        let manifest = template.manifest();
        let wanted: Vec<_> = [&event.locale, &course.locale, &user.locale]
            .into_iter()
            .filter_map(Option::as_deref)
            .collect();
        let locale = wanted
            .iter()
            .find_map(|tag| template.locale_for(tag))
            .unwrap_or_else(|| manifest.locale.clone());
        let mut record = CertificateRecord {
            certificate_id: id,
            enrollment_id: event.enrollment_id.clone(),
            user_id: event.user_id.clone(),
            course_id: event.course_id.clone(),
            content_hash: String::new(),
            course_name: normalize_text(&course.name),
            user_name: normalize_text(&user.name.format(user.locale.as_deref(), &locale)),
            issued_at: event.completed_at,
            pdf_url: String::new(),
            thumbnail_url: String::new(),
            social_card_url: None,
            status: CertificateStatus::Active,
            created: now,
            requested_locale: wanted
                .first()
                .filter(|first| template.locale_for(first).is_none())
                .map(|&tag| tag.to_owned()),
            locale,
            revision: 1,
            template: TemplateRef {
                id: manifest.id.clone(),
                version: manifest.version.clone(),
                hash: template.hash().to_owned(),
            },
            traceparent: event.traceparent,
        };
        let mut data = facts(&record, course, event);
        record.content_hash = content_hash(&self.settings.base_url, &record, &data);
        let keys = record.keys();
        let url = |key: &str| format!("{}/{key}", self.settings.base_url);
        record.pdf_url = url(&keys.pdf);
        record.thumbnail_url = url(&keys.jpg);
        record.social_card_url = manifest.social_card.as_ref().map(|_| url(&keys.social_card));
        data["certificateUrl"] = record.pdf_url.as_str().into();
        (record, Data::new(data))
    }

    /// Renders and stores the objects. The images are drawn while the PDF is being stored.
    async fn store(
        &self,
        record: &CertificateRecord,
        data: Data,
        template: Template,
    ) -> Result<(), Error> {
        let keys = record.keys();
        let (ident, issued_at) = (record.certificate_id.to_string(), record.issued_at);
        let render = move || {
            let document = template.compile(&data)?;
            let social_card = template
                .manifest()
                .social_card
                .as_ref()
                .map(|_| template.compile_social_card(&data))
                .transpose()?;
            let pdf = document.pdf(&PdfMetadata::new(&ident).created_at(issued_at))?;
            Ok::<_, RenderError>((document, social_card, pdf))
        };
        let rendering =
            blocking(move || render().map_err(Rejection::Render)).instrument(info_span!(RENDER));
        let (document, social_card, pdf) = rendering.await?;
        let metadata =
            serde_json::to_vec_pretty(&record.metadata()).expect("metadata has string keys only");

        tokio::try_join!(
            self.put(keys.pdf, "application/pdf", pdf),
            self.put(keys.metadata, "application/json", metadata),
            self.put_image(keys.jpg, Some(document)),
            self.put_image(keys.social_card, social_card),
        )?;
        Ok(())
    }

    async fn put_image(&self, key: String, document: Option<Document>) -> Result<(), Error> {
        let Some(document) = document else {
            return Ok(());
        };
        let jpeg = self.settings.jpeg;
        let bytes =
            blocking(move || document.jpg(jpeg).map_err(|e| Rejection::Render(e.into()))).await?;
        self.put(key, "image/jpeg", bytes).await
    }

    async fn put(
        &self,
        key: String,
        content_type: &'static str,
        bytes: Vec<u8>,
    ) -> Result<(), Error> {
        Ok(self.objects.put(Object { key, content_type, bytes }).await?)
    }
}

/// The answer to an event whose certificate exists. An enrollment belongs to one learner and one course, so anything else is an error.
fn already(record: CertificateRecord, event: &CourseCompleted) -> Result<IssueOutcome, Error> {
    if (&record.user_id, &record.course_id) == (&event.user_id, &event.course_id) {
        return Ok(IssueOutcome::AlreadyIssued(record));
    }
    let reason =
        format!("enrollment {} has a certificate for another user or course", event.enrollment_id);
    Err(Rejection::Event { kind: CourseCompleted::DETAIL_TYPE, reason }.into())
}

/// What a template is filled with but the address of the certificate: the names of `docs/templates.md`.
fn facts(record: &CertificateRecord, course: &Course, event: &CourseCompleted) -> Value {
    let issued_on = Offset::UTC.to_datetime(record.issued_at).date();
    let mut facts = json!({
        "certificateId": record.certificate_id,
        "userName": record.user_name,
        "courseName": record.course_name,
        "authorName": course.author,
        "issuedAt": issued_on.to_string(),
        "locale": record.locale,
    });
    if let Some(instructor) = &course.instructor {
        facts["instructorName"] = instructor.as_str().into();
    }
    if !event.details.is_empty() {
        facts["details"] = event.details.clone().into();
    }
    facts
}

/// Stands for a template, the facts that fill it, where it is served and the metadata beside it: the first 8 digits of their
/// SHA-256. It tells apart what competes for one certificate, and is no proof of anything.
fn content_hash(base_url: &str, record: &CertificateRecord, facts: &Value) -> String {
    let all = json!([
        record.template.hash,
        base_url,
        record.user_id,
        record.course_id,
        record.issued_at,
        facts
    ]);
    let hash = Sha256::digest(all.to_string());
    hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Runs work of the processor where it does not hold up input and output.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Rejection> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Error::Rejected),
        Err(stopped) => Err(TransientError::new("rendering was cut off", stopped).into()),
    }
}
