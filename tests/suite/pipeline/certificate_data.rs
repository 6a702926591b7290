//! The data that templates receive is one contract: the type, each schema and the guide name the
//! same fields.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use testamur_pipeline::model::certificate_data::{CertificateData, CertificateFacts, pdf_metadata};
use testamur_pipeline::{CertificateId, IdKey};
use testamur_tests::repository;

fn full() -> CertificateData {
    let facts = CertificateFacts {
        certificate_id: CertificateId::derive(&IdKey::new([7; 32]), "e-1"),
        user_name: "Ada Lovelace".into(),
        course_name: "Analytical Engines".into(),
        author_name: "Charles Babbage".into(),
        instructor_name: Some("Grace Hopper".into()),
        issued_on: "2026-11-23".parse().unwrap(),
        locale: "en".into(),
        details: Map::from_iter([("hours".to_owned(), json!(12))]),
    };
    CertificateData { facts, certificate_url: "https://certificates.example.com/1.pdf".into() }
}

fn minimal() -> CertificateData {
    let CertificateData { facts, certificate_url } = full();
    let facts = CertificateFacts { instructor_name: None, details: Map::new(), ..facts };
    CertificateData { facts, certificate_url }
}

fn fields(data: &CertificateData) -> BTreeSet<String> {
    let Value::Object(fields) = serde_json::to_value(data).unwrap() else { panic!("an object") };
    fields.into_iter().map(|(name, _)| name).collect()
}

fn schemas() -> Vec<(PathBuf, Value)> {
    let mut paths = vec![repository().join("cli/scaffold/schema.json")];
    for entry in fs::read_dir(repository().join("templates")).unwrap() {
        paths.push(entry.unwrap().path().join("schema.json"));
    }
    paths.retain(|path| path.exists());
    let read = |path: PathBuf| {
        let schema = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        (path, schema)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn each_schema_permits_exactly_the_fields_of_certificate_data() {
    let (all, always) = (fields(&full()), fields(&minimal()));
    let schemas = schemas();
    assert_eq!(schemas.len(), 5, "the scaffold and four templates");
    for (path, schema) in schemas {
        let path = path.display();
        let mut permitted: BTreeSet<_> =
            schema["properties"].as_object().unwrap().keys().cloned().collect();
        // A template that prints no details need not permit them.
        permitted.insert("details".to_owned());
        assert_eq!(permitted, all, "{path}");
        assert_eq!(schema["additionalProperties"], false, "{path}");
        for required in schema["required"].as_array().unwrap() {
            assert!(
                always.contains(required.as_str().unwrap()),
                "{path}: {required} can be absent"
            );
        }
    }
}

#[test]
fn the_guide_lists_exactly_the_fields_of_certificate_data() {
    let guide = fs::read_to_string(repository().join("docs/templates.md")).unwrap();
    let tables = guide.split("\n\n").map(|block| block.lines().filter(|l| l.starts_with("| `")));
    let names = |row: &str| {
        let cell = row.split('|').nth(1).unwrap_or_default().to_owned();
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let listed = tables
        .map(|rows| rows.flat_map(names).collect::<BTreeSet<_>>())
        .find(|listed| listed.contains("certificateId"))
        .expect("docs/templates.md has a table of the fields");
    assert_eq!(listed, fields(&full()));
}

#[test]
fn the_content_hash_depends_on_each_fact_and_on_its_context() {
    let facts = || full().facts;
    let hash = |facts: &CertificateFacts| facts.content_hash("context");
    let original = hash(&facts());
    assert_eq!((original.len(), hash(&facts())), (8, original.clone()));
    assert_ne!(facts().content_hash("other context"), original);

    let id = CertificateId::derive(&IdKey::new([7; 32]), "e-2");
    let variants = [
        CertificateFacts { certificate_id: id, ..facts() },
        CertificateFacts { user_name: "Ada King".into(), ..facts() },
        CertificateFacts { course_name: "Engines".into(), ..facts() },
        CertificateFacts { author_name: "Babbage".into(), ..facts() },
        CertificateFacts { instructor_name: None, ..facts() },
        CertificateFacts { issued_on: "2026-11-24".parse().unwrap(), ..facts() },
        CertificateFacts { locale: "fr".into(), ..facts() },
        CertificateFacts { details: Map::new(), ..facts() },
    ];
    for variant in variants {
        assert_ne!(hash(&variant), original, "{variant:?}");
    }
}

#[test]
fn pdf_metadata_comes_from_the_data() {
    let issued_at: Timestamp = "2026-11-23T23:59:59Z".parse().unwrap();
    let midnight: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
    let data = full().to_engine_data();
    let issued = format!("{:?}", pdf_metadata(&data, Some(issued_at)));
    let sample = format!("{:?}", pdf_metadata(&data, None));
    for (metadata, time) in [(issued, issued_at), (sample, midnight)] {
        assert!(metadata.contains(&full().facts.certificate_id.to_string()), "{metadata}");
        assert!(metadata.contains(&time.to_string()), "{metadata}");
    }
}
