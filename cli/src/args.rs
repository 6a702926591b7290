//! The command line: every option, its default and its environment variable.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand};
use jiff::tz::TimeZone;
use testamur_engine::JpegEncoder;
use testamur_pipeline::model::time::parse_time_zone;

/// The sender of e-mails where none is configured, and that of the e-mails of samples.
pub(crate) const DEFAULT_MAIL_FROM: &str = "Testamur <certificates@example.com>";

const EXIT_CODES: &str = "\
Exit codes:
  0  every item succeeded
  1  one or more items failed: an event became a dead letter, a certificate could not be rendered,
     an id is unknown, or a check or a snapshot failed
  2  the command line or an environment variable is invalid
  3  the command could not run: a folder, a file, the fonts or the database can't be used; queued
     events stay in the queue

Certificate ids are derived from a secret key. It is generated on first use and kept in the state
folder. TESTAMUR_ID_KEY sets the key of a new state folder, as 64 hexadecimal digits.";

/// Issues course-completion certificates on one machine, and previews and tests their templates.
#[derive(Parser)]
#[command(version = VERSION.as_str(), after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Folder for all state: certificates, e-mails, the database and the secret key.
    #[arg(
        long,
        global = true,
        env = "TESTAMUR_STATE_DIR",
        default_value = "state",
        value_name = "DIR"
    )]
    pub(crate) state_dir: PathBuf,

    /// Folder with one folder for each template
    /// [default: templates, else the templates of the installation].
    #[arg(long, global = true, env = "TESTAMUR_TEMPLATES", value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,

    /// Folder with font files (.ttf, .otf) [default: fonts, else the fonts of the installation].
    #[arg(long, global = true, env = "TESTAMUR_FONTS", value_name = "DIR")]
    pub(crate) fonts: Option<PathBuf>,

    /// Print JSON, one object per line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create a project with a template, fonts and demo events.
    Init(Init),
    /// Issue certificates for CourseCompleted events.
    Issue(Issue),
    /// Render a template with data to one file, without issuing a certificate.
    Render(Render),
    /// List the issued certificates.
    List(List),
    /// Show the record of one certificate.
    Show(Show),
    /// Create a new template, ready to preview, test and edit.
    New(New),
    /// Show the samples of templates and of the e-mail on a web page that updates on every save.
    Preview(Preview),
    /// Check templates and the e-mail for errors without comparing snapshots.
    Check(Check),
    /// Compare every sample of the templates and of the e-mail with its snapshot.
    Test(Test),
    /// Accept or reject changed snapshots.
    Review(Review),
    /// List the events that could not be handled, or retry them.
    #[command(subcommand_required = true)]
    DeadLetters(DeadLetters),
    /// Stop sending e-mail to an address, for example after a bounce or a complaint.
    Suppress(Suppress),
}

/// The versions of the program and of Typst, and how JPEGs are encoded.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let (program, typst) = (env!("CARGO_PKG_VERSION"), testamur_engine::typst_version());
    let jpeg = if cfg!(jpeg_simd) {
        "JPEG with SIMD"
    } else {
        "JPEG without SIMD: nasm was missing at build time"
    };
    format!("{program} (typst {typst}, {jpeg})")
});

#[derive(Args)]
pub(crate) struct Init {
    /// Folder to create the project in; it must be new or empty.
    #[arg(default_value = ".", value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

#[derive(Args)]
pub(crate) struct Issue {
    /// File with one event as JSON per line, or `-` for standard input.
    pub(crate) file: PathBuf,

    /// Folder with users.json and courses.json of the learning platform
    /// [default: the folder of FILE].
    #[arg(long, env = "TESTAMUR_LMS_DATA", value_name = "DIR")]
    pub(crate) lms_data: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
}

/// The configuration of a deployment, for all commands that handle events.
#[derive(Args)]
pub(crate) struct DeploymentArgs {
    /// URL of the site that serves the folder `certificates` of the state folder as
    /// URL/certificates, and no other part of it. QR codes and e-mails link there.
    #[arg(
        long,
        env = "TESTAMUR_BASE_URL",
        default_value = "https://certificates.example.com",
        value_name = "URL"
    )]
    pub(crate) base_url: String,

    /// Id of the template for courses that name none.
    #[arg(
        long,
        env = "TESTAMUR_DEFAULT_TEMPLATE",
        default_value = "completion",
        value_name = "ID"
    )]
    pub(crate) default_template: String,

    /// Time zone of the date on a certificate whose event has its time in UTC: an IANA name, such
    /// as America/New_York. Every other event has the date at its own offset.
    #[arg(
        long,
        env = "TESTAMUR_TIME_ZONE",
        default_value = "UTC",
        value_name = "NAME",
        value_parser = parse_time_zone
    )]
    pub(crate) time_zone: TimeZone,

    /// JPEG encoding: fast (baseline, a few milliseconds) or small (progressive, smaller and closer
    /// to the page, over twenty times slower).
    #[arg(long, env = "TESTAMUR_JPEG", default_value_t, value_name = "ENCODER")]
    pub(crate) jpeg: JpegEncoder,

    /// Sender of e-mails, such as "Example Academy <certificates@example.com>".
    #[arg(
        long,
        env = "TESTAMUR_MAIL_FROM",
        default_value = DEFAULT_MAIL_FROM,
        value_name = "MAILBOX"
    )]
    pub(crate) mail_from: String,

    /// SMTP server for e-mails, such as smtps://user:password@mail.example.com. Without it, e-mails
    /// are written to the folder `mail` of the state folder as .eml files.
    #[arg(long, env = "TESTAMUR_SMTP_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) smtp_url: Option<String>,
}

#[derive(Args)]
pub(crate) struct Render {
    /// Id of the template, or the path of its folder.
    pub(crate) template: PathBuf,

    /// JSON file with the data, such as samples/ada.json of the template.
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,

    /// Locale, such as pt-BR [default: the locale of the data, else of the template].
    #[arg(long, value_name = "TAG")]
    pub(crate) locale: Option<String>,

    /// Render the social card instead of the certificate.
    #[arg(long)]
    pub(crate) social_card: bool,

    /// File to write. Its extension selects the format: .pdf, .jpg or .png.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// JPEG encoding: fast (baseline, a few milliseconds) or small (progressive, smaller and closer
    /// to the page, over twenty times slower).
    #[arg(long, env = "TESTAMUR_JPEG", default_value_t, value_name = "ENCODER")]
    pub(crate) jpeg: JpegEncoder,
}

#[derive(Args)]
pub(crate) struct New {
    /// Id of the template: lower-case letters, digits and hyphens.
    pub(crate) name: String,
}

#[derive(Args)]
pub(crate) struct Preview {
    /// Template to show first, by id or path; `mail` is the e-mail.
    pub(crate) template: Option<PathBuf>,

    /// Port on the loopback interface; 0 means any free port.
    #[arg(long, default_value_t = 4321)]
    pub(crate) port: u16,

    /// Open the page in a browser.
    #[arg(long)]
    pub(crate) open: bool,
}

#[derive(Args)]
pub(crate) struct Check {
    /// Templates, by id or path; `mail` is the e-mail [default: all, and the e-mail].
    #[arg(value_name = "TEMPLATE")]
    pub(crate) named: Vec<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Test {
    /// Templates, by id or path; `mail` is the e-mail [default: all, and the e-mail].
    #[arg(value_name = "TEMPLATE")]
    pub(crate) named: Vec<PathBuf>,

    /// Folder for a report: index.html shows every change, summary.md is for CI jobs.
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,

    /// File for the results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Review {
    /// Templates, by id or path; `mail` is the e-mail [default: all, and the e-mail].
    #[arg(value_name = "TEMPLATE")]
    pub(crate) named: Vec<PathBuf>,

    /// Compare the images and decide on a local web page.
    #[arg(long, conflicts_with = "accept_all")]
    pub(crate) web: bool,

    /// Accept every change without asking.
    #[arg(long)]
    pub(crate) accept_all: bool,

    /// Port of the web page on the loopback interface; 0 means any free port.
    #[arg(long, default_value_t = 4322, requires = "web")]
    pub(crate) port: u16,

    /// Open the web page in a browser.
    #[arg(long, requires = "web")]
    pub(crate) open: bool,
}

#[derive(Args)]
pub(crate) struct List {
    /// List the certificates of this user only.
    #[arg(long, value_name = "USER_ID")]
    pub(crate) user: Option<String>,
}

#[derive(Args)]
pub(crate) struct Show {
    /// Certificate id or enrollment id.
    pub(crate) id: String,
}

#[derive(Args)]
pub(crate) struct DeadLetters {
    #[command(subcommand)]
    pub(crate) command: DeadLettersCommand,
}

#[derive(Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List dead letters with their reasons.
    List,
    /// Handle dead letters again after the cause is fixed.
    Retry(Retry),
    /// Delete dead letters whose events are not to be handled.
    Drop(Drop),
}

#[derive(Args)]
pub(crate) struct Retry {
    /// Ids of dead letters [default: all].
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,

    /// File with a corrected event that replaces the event of one dead letter.
    #[arg(long, value_name = "FILE", requires = "ids")]
    pub(crate) event: Option<PathBuf>,

    /// Folder with users.json and courses.json of the learning platform.
    #[arg(long, env = "TESTAMUR_LMS_DATA", default_value = ".", value_name = "DIR")]
    pub(crate) lms_data: PathBuf,

    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
}

#[derive(Args)]
#[group(required = true)]
pub(crate) struct Drop {
    /// Ids of dead letters.
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,

    /// Delete all dead letters with this code, such as bad-event.
    #[arg(long, value_name = "CODE", conflicts_with = "ids")]
    pub(crate) code: Option<String>,
}

#[derive(Args)]
pub(crate) struct Suppress {
    /// E-mail address; only its hash is stored.
    pub(crate) address: String,
}
