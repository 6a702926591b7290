//! The time to render a certificate: each stage and the whole, in a warm process and from nothing.
//!
//! A warm process has rendered before. Each measured certificate is of another learner. To measure
//! one core: `taskset -c 0 cargo bench --workspace --bench render`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a benchmark prints and may panic"
)]

use std::cell::Cell;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use testamur_engine::{Data, Engine, Fonts, JpegEncoder, PdfMetadata, Template};
use testamur_tests::{learner, repository};

const METADATA: PdfMetadata<'_> = PdfMetadata::new("bench");

fn load() -> Template {
    let fonts = Fonts::load(repository().join("fonts")).unwrap();
    Engine::new(fonts).load(repository().join("templates/completion")).unwrap()
}

fn pdf_and_jpg(template: &Template, data: &Data) {
    let document = template.compile(data).unwrap();
    black_box((document.pdf(&METADATA).unwrap(), document.jpg(JpegEncoder::Fast).unwrap()));
}

fn bench(criterion: &mut Criterion) {
    let template = load();
    let count = Cell::new(0);
    let next = || {
        count.set(count.get() + 1);
        learner(count.get())
    };

    let mut warm = criterion.benchmark_group("warm");
    warm.bench_function("compile", |b| b.iter(|| template.compile(&next()).unwrap()));
    let document = template.compile(&next()).unwrap();
    warm.bench_function("export PDF", |b| b.iter(|| document.pdf(&METADATA).unwrap()));
    warm.bench_function("compile and export PDF", |b| {
        b.iter(|| template.compile(&next()).unwrap().pdf(&METADATA).unwrap());
    });
    warm.bench_function("raster and JPG, fast", |b| {
        b.iter(|| document.jpg(JpegEncoder::Fast).unwrap());
    });
    warm.bench_function("raster and JPG, small", |b| {
        b.iter(|| document.jpg(JpegEncoder::Small).unwrap());
    });
    warm.bench_function("PDF and JPG", |b| b.iter(|| pdf_and_jpg(&template, &next())));
    warm.finish();

    let mut first = criterion.benchmark_group("first");
    first.bench_function("fonts and template", |b| b.iter(load));
    first.bench_function("PDF and JPG", |b| {
        b.iter(|| {
            comemo::evict(0);
            pdf_and_jpg(&load(), &next());
        });
    });
    first.finish();

    let (fast, small) = (
        document.jpg(JpegEncoder::Fast).unwrap().len(),
        document.jpg(JpegEncoder::Small).unwrap().len(),
    );
    eprintln!(
        "JPG of {fast} bytes fast, {small} small; PDF of {} bytes",
        document.pdf(&METADATA).unwrap().len()
    );
}

criterion_group!(benches, bench);
criterion_main!(benches);
