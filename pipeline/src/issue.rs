//! Issues the certificate of a completed course: first its files, then its record with its event.
//!
//! The order makes the use case idempotent. A record is written only after its files are stored,
//! and its event is part of the same write. Wherever a process ends, running the event again leads
//! to the same certificate. Several deliveries of one event may run at the same time: they store
//! the same objects, or, where they print something different, objects under different keys; one of
//! them writes the record.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use testamur_engine::{Data, Document, JpegEncoder, RenderError, Template};
use tracing::{Instrument, info_span};

use crate::error::{Error, Rejection, TransientError};
use crate::model::certificate::{
    CertificateId, CertificateRecord, CertificateStatus, IdKey, ObjectKeys, TemplateRef,
};
use crate::model::certificate_data::{CertificateData, CertificateFacts, pdf_metadata};
use crate::model::directory::{Course, User};
use crate::model::events::{CourseCompleted, Event};
use crate::ports::{self, CreateOutcome, Object};
use crate::templates::TemplateCache;

/// The name of the `tracing` span around the layout of page and social card and the export of the
/// PDF. JPEG encoding is not part of it: it overlaps the upload of the PDF.
pub const TYPESET_SPAN: &str = "typeset";

/// The use case that issues certificates, with its ports.
pub struct Issuer<Directory, Objects, Store> {
    /// Looks up the learner and the course.
    pub directory: Directory,
    /// Stores the files.
    pub object_store: Objects,
    /// Stores the record.
    pub certificate_store: Store,
    /// Loads the templates.
    pub templates: TemplateCache,
    /// The choices of the deployment.
    pub config: IssueConfig,
}

/// The choices of a deployment for its certificates.
#[derive(Debug, Clone)]
pub struct IssueConfig {
    /// The secret key from which certificate ids are derived.
    pub id_key: IdKey,
    /// The address below which the stored objects are served, without a slash at the end, such as
    /// `https://certificates.example.com`.
    pub base_url: String,
    /// The id of the template for courses that name none, such as `completion`.
    pub default_template: String,
    /// Where the day begins for a completion whose time is in UTC. The day of every other
    /// completion is that at its own offset.
    pub time_zone: TimeZone,
    /// How thumbnails and social cards are encoded.
    pub jpeg: JpegEncoder,
}

/// The result of [`Issuer::issue`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueOutcome {
    /// The certificate was issued.
    Issued(CertificateRecord),
    /// The certificate was already issued. Nothing has changed.
    AlreadyIssued(CertificateRecord),
}

impl<Directory, Objects, Store> Issuer<Directory, Objects, Store>
where
    Directory: ports::Directory,
    Objects: ports::ObjectStore,
    Store: ports::CertificateStore,
{
    /// Issues the certificate of a completion unless it is already issued. `now` is recorded as the
    /// time of writing.
    ///
    /// A second call for the same enrollment changes nothing and returns
    /// [`IssueOutcome::AlreadyIssued`].
    ///
    /// # Errors
    /// [`Error::Rejected`] if the event, the learner, the course or the template must be corrected
    /// first, and [`Error::Retryable`] if a port failed.
    pub async fn issue(
        &self,
        event: &CourseCompleted,
        now: Timestamp,
    ) -> Result<IssueOutcome, Error> {
        let id = CertificateId::derive(&self.config.id_key, &event.enrollment_id);
        // This lookup comes before the directory is read, because an issued certificate stays as it
        // is: a second delivery must succeed even if the learner has been removed or the template
        // is broken by now. It also saves the rendering.
        if let Some(record) = self.certificate_store.find(id).await? {
            return check_existing(record, event);
        }
        let completion = self.hydrate(id, event).await?;
        let (record, data) = completion.prepare(now);
        // The files come before the record, because consumers of the record's event open them.
        self.render_and_store(&record, data.to_engine_data(), completion.template).await?;
        match self.certificate_store.create(&record).await? {
            CreateOutcome::Created => Ok(IssueOutcome::Issued(record)),
            CreateOutcome::Exists(record) => check_existing(*record, event),
        }
    }

    /// Looks up everything that the event refers to.
    async fn hydrate<'a>(
        &'a self,
        id: CertificateId,
        event: &'a CourseCompleted,
    ) -> Result<Completion<'a>, Error> {
        let (user, course) = tokio::join!(
            self.directory.user(&event.user_id),
            self.directory.course(&event.course_id)
        );
        let user = user?.ok_or_else(|| Rejection::UnknownUser(event.user_id.clone()))?;
        let course = course?.ok_or_else(|| Rejection::UnknownCourse(event.course_id.clone()))?;
        let template = self.load_template(&course).await?;
        Ok(Completion { id, event, user, course, template, config: &self.config })
    }

    async fn load_template(&self, course: &Course) -> Result<Template, Error> {
        let id = course.template.as_ref().unwrap_or(&self.config.default_template).clone();
        let templates = self.templates.clone();
        run_blocking(move || templates.get(&id)).await
    }

    /// Renders the certificate and stores its objects. The images are encoded while the PDF is
    /// uploaded.
    async fn render_and_store(
        &self,
        record: &CertificateRecord,
        data: Data,
        template: Template,
    ) -> Result<(), Error> {
        let keys = record.keys();
        let issued_at = record.issued_at;
        let typesetting =
            run_blocking(move || typeset(&template, &data, issued_at).map_err(Rejection::Render));
        let typeset = typesetting.instrument(info_span!(TYPESET_SPAN)).await?;
        let metadata =
            serde_json::to_vec_pretty(&record.metadata()).expect("metadata has string keys only");

        tokio::try_join!(
            self.put(keys.pdf, "application/pdf", typeset.pdf),
            self.put(keys.metadata, "application/json", metadata),
            self.put_jpeg(keys.jpg, Some(typeset.page)),
            self.put_jpeg(keys.social_card, typeset.social_card),
        )?;
        Ok(())
    }

    async fn put_jpeg(&self, key: String, document: Option<Document>) -> Result<(), Error> {
        let Some(document) = document else {
            return Ok(());
        };
        let jpeg = self.config.jpeg;
        let bytes =
            run_blocking(move || document.jpg(jpeg).map_err(|e| Rejection::Render(e.into())))
                .await?;
        self.put(key, "image/jpeg", bytes).await
    }

    async fn put(
        &self,
        key: String,
        content_type: &'static str,
        bytes: Vec<u8>,
    ) -> Result<(), Error> {
        Ok(self.object_store.put(Object { key, content_type, bytes }).await?)
    }
}

/// A completion with everything that determines its certificate.
struct Completion<'a> {
    id: CertificateId,
    event: &'a CourseCompleted,
    user: User,
    course: Course,
    template: Template,
    config: &'a IssueConfig,
}

impl Completion<'_> {
    /// Makes the record and the data of the certificate.
    fn prepare(&self, now: Timestamp) -> (CertificateRecord, CertificateData) {
        let (user, course, zone) = (&self.user, &self.course, &self.config.time_zone);
        let facts = CertificateFacts::new(self.id, self.event, user, course, self.locale(), zone);
        let content_hash = self.content_hash(&facts);
        let keys = ObjectKeys::of(self.id, &content_hash);
        let data = CertificateData { facts, certificate_url: self.url(&keys.pdf) };
        (self.record(&data, content_hash, &keys, now), data)
    }

    /// Returns the locales that apply to the certificate, the most specific first.
    fn requested_locales(&self) -> impl Iterator<Item = &str> {
        [&self.event.locale, &self.course.locale, &self.user.locale]
            .into_iter()
            .filter_map(Option::as_deref)
    }

    /// Returns the template's locale for the first request that it can satisfy, or else its
    /// default.
    fn locale(&self) -> String {
        self.requested_locales()
            .find_map(|tag| self.template.locale_for(tag))
            .unwrap_or_else(|| self.template.manifest().locale.clone())
    }

    /// Returns the first requested locale if the template does not have it.
    fn unsupported_locale(&self) -> Option<String> {
        let first = self.requested_locales().next()?;
        self.template.locale_for(first).is_none().then(|| first.to_owned())
    }

    /// Hashes everything that differs between the objects of two deliveries: the facts, the
    /// template, the base URL, and the ids and the exact time in the metadata.
    fn content_hash(&self, facts: &CertificateFacts) -> String {
        let CourseCompleted { user_id, course_id, completed_at, .. } = self.event;
        let (base_url, time) = (&self.config.base_url, completed_at.instant());
        facts.content_hash((self.template.hash(), base_url, user_id, course_id, time))
    }

    fn url(&self, key: &str) -> String {
        format!("{}/{key}", self.config.base_url)
    }

    fn record(
        &self,
        data: &CertificateData,
        content_hash: String,
        keys: &ObjectKeys,
        now: Timestamp,
    ) -> CertificateRecord {
        let (facts, manifest) = (&data.facts, self.template.manifest());
        CertificateRecord {
            certificate_id: self.id,
            enrollment_id: self.event.enrollment_id.clone(),
            user_id: self.event.user_id.clone(),
            course_id: self.event.course_id.clone(),
            content_hash,
            course_name: facts.course_name.clone(),
            user_name: facts.user_name.clone(),
            issued_at: self.event.completed_at.instant(),
            issued_on: facts.issued_on,
            pdf_url: data.certificate_url.clone(),
            thumbnail_url: self.url(&keys.jpg),
            social_card_url: manifest.social_card.as_ref().map(|_| self.url(&keys.social_card)),
            status: CertificateStatus::Active,
            created: now,
            locale: facts.locale.clone(),
            requested_locale: self.unsupported_locale(),
            revision: 1,
            accent: manifest.accent,
            template: TemplateRef {
                id: manifest.id.clone(),
                version: manifest.version.clone(),
                hash: self.template.hash().to_owned(),
            },
            traceparent: self.event.traceparent,
        }
    }
}

/// A certificate after layout, before its images are encoded.
struct Typeset {
    page: Document,
    social_card: Option<Document>,
    pdf: Vec<u8>,
}

fn typeset(template: &Template, data: &Data, issued_at: Timestamp) -> Result<Typeset, RenderError> {
    let page = template.compile(data)?;
    let has_social_card = template.manifest().social_card.is_some();
    let social_card = has_social_card.then(|| template.compile_social_card(data)).transpose()?;
    let pdf = page.pdf(&pdf_metadata(data, Some(issued_at)))?;
    Ok(Typeset { page, social_card, pdf })
}

/// Answers an event whose certificate is already issued. An enrollment belongs to one learner and
/// one course, so an event with others is rejected.
fn check_existing(
    record: CertificateRecord,
    event: &CourseCompleted,
) -> Result<IssueOutcome, Error> {
    if (&record.user_id, &record.course_id) == (&event.user_id, &event.course_id) {
        return Ok(IssueOutcome::AlreadyIssued(record));
    }
    let reason = format!(
        "enrollment {} already has a certificate for another user or course",
        event.enrollment_id
    );
    Err(Rejection::event(CourseCompleted::DETAIL_TYPE, reason).into())
}

/// Runs CPU-bound work on the blocking pool, where it does not delay the input and output of other
/// certificates.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Rejection> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Error::Rejected),
        Err(stopped) => Err(TransientError::new("rendering was interrupted", stopped).into()),
    }
}
