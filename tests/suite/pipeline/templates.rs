//! The cache of templates.

use std::sync::LazyLock;
use std::thread;

use testamur_engine::{Engine, Fonts};
use testamur_pipeline::{Rejection, TemplateCache};
use testamur_tests::repository;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Fonts::load(repository().join("fonts")).unwrap()));

#[test]
fn simultaneous_loads_return_the_same_template() {
    let templates = TemplateCache::new(ENGINE.clone(), repository().join("templates"));
    let load = |id: &'static str| templates.get(id).unwrap().hash().to_owned();
    let hashes = thread::scope(|scope| {
        let ids = ["completion", "completion", "diploma", "badge"];
        ids.map(|id| scope.spawn(move || load(id))).map(|thread| thread.join().unwrap())
    });
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(load("diploma"), hashes[2]);
}

#[test]
fn a_template_that_failed_to_load_is_loaded_again() {
    let folder = tempfile::tempdir().unwrap();
    let templates = TemplateCache::new(ENGINE.clone(), folder.path().to_owned());
    assert!(matches!(templates.get("completion"), Err(Rejection::Template { .. })));
    testamur_tests::tool(
        "cp",
        &["-r".as_ref(), repository().join("templates/.").as_ref(), folder.path().as_ref()],
    );
    assert_eq!(templates.get("completion").unwrap().manifest().id, "completion");
    assert!(matches!(templates.get("../completion"), Err(Rejection::TemplateId(_))));
}
