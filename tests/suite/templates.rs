//! Templates and what the engine makes of them: faults, names in all scripts, locales.

mod faults;
mod locales;
mod names;
mod scripts;
