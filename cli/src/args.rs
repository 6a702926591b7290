//! The command line: every option, its default and its environment variable.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use testamur_engine::JpegEncoder;

const EXIT_CODES: &str = "\
Exit codes:
  0  all is well
  1  something was refused: an event went to the dead letters, a page could not be rendered, an id is unknown, a snapshot
     or a check failed
  2  the command line is wrong
  3  nothing could be done: a folder, a file, the fonts or the database can't be used; no event is lost

The secret behind certificate ids is made on first use and kept in the state folder; TESTAMUR_ID_KEY, 64 hexadecimal digits,
sets it for a new folder.";

/// Issues course-completion certificates on one machine, and helps to design them.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Folder for all state: certificates, mail and the database.
    #[arg(
        long,
        global = true,
        env = "TESTAMUR_STATE_DIR",
        default_value = "state",
        value_name = "DIR"
    )]
    pub(crate) state_dir: PathBuf,

    /// Folder of templates, one folder each.
    #[arg(
        long,
        global = true,
        env = "TESTAMUR_TEMPLATES",
        default_value = "templates",
        value_name = "DIR"
    )]
    pub(crate) templates: PathBuf,

    /// Folder of fonts.
    #[arg(
        long,
        global = true,
        env = "TESTAMUR_FONTS",
        default_value = "fonts",
        value_name = "DIR"
    )]
    pub(crate) fonts: PathBuf,

    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Issue the certificates of CourseCompleted events, one JSON object a line.
    Issue(Issue),
    /// Render a template with data into one file, issuing nothing.
    Render(Render),
    /// List the certificates that were issued.
    List(List),
    /// Show the record of a certificate.
    Show(Show),
    /// Make the folder of a new template, ready to preview, test and change.
    New(New),
    /// Show every sample of a template on a local web page, drawn anew whenever a file is saved.
    Preview(Preview),
    /// Look for everything that is wrong with templates, but for their looks.
    Check(Check),
    /// Compare every sample of templates with its snapshot.
    Test(Test),
    /// Accept or reject each change that the snapshots show.
    Review(Review),
    /// Show the events that could not be handled, or try them again.
    #[command(subcommand_required = true)]
    DeadLetters(DeadLetters),
    /// Send no more e-mail to an address, say because it bounced or its owner has complained.
    Suppress(Suppress),
}

#[derive(Args)]
pub(crate) struct Issue {
    /// File of events, or `-` for standard input.
    pub(crate) file: PathBuf,

    /// Folder with users.json and courses.json [default: the folder of FILE].
    #[arg(long, env = "TESTAMUR_LMS_DATA", value_name = "DIR")]
    pub(crate) lms_data: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
}

/// What a deployment chooses; the same for every command that works on events.
#[derive(Args)]
pub(crate) struct DeploymentArgs {
    /// Address of the site that serves the folder `certificates` of the state as URL/certificates, and nothing else of it;
    /// the QR code and the e-mail lead there.
    #[arg(
        long,
        env = "TESTAMUR_BASE_URL",
        default_value = "https://certificates.example.com",
        value_name = "URL"
    )]
    pub(crate) base_url: String,

    /// Template of the courses that name none.
    #[arg(
        long,
        env = "TESTAMUR_DEFAULT_TEMPLATE",
        default_value = "completion",
        value_name = "ID"
    )]
    pub(crate) default_template: String,

    /// JPEG encoding: fast (baseline, a few milliseconds) or small (progressive, smaller and closer
    /// to the page, over twenty times slower).
    #[arg(long, env = "TESTAMUR_JPEG", default_value_t, value_name = "ENCODER")]
    pub(crate) jpeg: JpegEncoder,

    /// Sender of e-mails.
    #[arg(
        long,
        env = "TESTAMUR_MAIL_FROM",
        default_value = "Testamur <certificates@example.com>",
        value_name = "MAILBOX"
    )]
    pub(crate) mail_from: String,

    /// Server to send e-mails through, such as smtps://user:password@mail.example.com; without it they are written to the
    /// folder mail as .eml files.
    #[arg(long, env = "TESTAMUR_SMTP_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) smtp_url: Option<String>,
}

#[derive(Args)]
pub(crate) struct Render {
    /// Folder of the template, or its id in the folder of templates.
    pub(crate) template: PathBuf,

    /// JSON file with the data.
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,

    /// Language to print, such as pt-BR [default: that of the data, else of the template].
    #[arg(long, value_name = "TAG")]
    pub(crate) locale: Option<String>,

    /// Render the social card instead of the certificate.
    #[arg(long)]
    pub(crate) social_card: bool,

    /// File to write; its extension says what: .pdf, .jpg or .png.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// JPEG encoding: fast (baseline, a few milliseconds) or small (progressive, smaller and closer
    /// to the page, over twenty times slower).
    #[arg(long, env = "TESTAMUR_JPEG", default_value_t, value_name = "ENCODER")]
    pub(crate) jpeg: JpegEncoder,
}

#[derive(Args)]
pub(crate) struct New {
    /// Its id: lower-case letters, digits and hyphens.
    pub(crate) name: String,
}

#[derive(Args)]
pub(crate) struct Preview {
    /// The template to begin with: its id, or its folder.
    pub(crate) template: Option<PathBuf>,

    /// Port on the loopback interface; 0 takes any that is free.
    #[arg(long, default_value_t = 4321)]
    pub(crate) port: u16,

    /// Open the page in the browser.
    #[arg(long)]
    pub(crate) open: bool,
}

#[derive(Args)]
pub(crate) struct Check {
    /// Which templates, by id or folder [default: all].
    #[arg(value_name = "TEMPLATE")]
    pub(crate) named: Vec<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Test {
    /// Which templates, by id or folder [default: all].
    #[arg(value_name = "TEMPLATE")]
    pub(crate) named: Vec<PathBuf>,

    /// Folder to write a report to: index.html, which shows every change, and summary.md.
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,

    /// File to write results to as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Review {
    /// Which templates, by id or folder [default: all].
    #[arg(value_name = "TEMPLATE")]
    pub(crate) named: Vec<PathBuf>,

    /// Show the pictures on a local web page and apply there.
    #[arg(long, conflicts_with = "accept_all")]
    pub(crate) web: bool,

    /// Accept every change unseen.
    #[arg(long)]
    pub(crate) accept_all: bool,

    /// Port of the web page on the loopback interface; 0 takes any that is free.
    #[arg(long, default_value_t = 4322, requires = "web")]
    pub(crate) port: u16,

    /// Open the web page in the browser.
    #[arg(long, requires = "web")]
    pub(crate) open: bool,
}

#[derive(Args)]
pub(crate) struct List {
    /// Only the certificates of this user.
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
    /// Show what could not be handled, and why.
    List,
    /// Handle dead letters again after a repair.
    Retry(Retry),
}

#[derive(Args)]
pub(crate) struct Retry {
    /// Which; all if none is named.
    pub(crate) ids: Vec<String>,

    /// File with a repaired event, which replaces that of the one dead letter named.
    #[arg(long, value_name = "FILE", requires = "ids")]
    pub(crate) event: Option<PathBuf>,

    /// Folder with users.json and courses.json.
    #[arg(long, env = "TESTAMUR_LMS_DATA", default_value = ".", value_name = "DIR")]
    pub(crate) lms_data: PathBuf,

    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
}

#[derive(Args)]
pub(crate) struct Suppress {
    /// The address; only a hash of it is kept.
    pub(crate) address: String,
}
