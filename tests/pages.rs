//! The tables of the guide that come from code: compared here, and written when `SIMPLON_WRITE_PAGES` is set (`cargo xtask docs`).
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::fmt::{Debug, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use simplon::core::connect::PeerTimeouts;
use simplon::core::http::{Http2Config, HttpConfig, OriginLimits, SessionLimits, Timeouts};
use simplon::core::server::{ConnectionLimits, DrainTiming};
use simplon::core::wire::{self, Answer, Close, Effect, H2, H3};
use simplon::core::{Kind, Origin};
use simplon::load_balancing::{BalancerConfig, DiscoveryConfig, Ejection, HealthConfig, Thresholds};
use simplon::proto_http::Limits;
use simplon::proto_http::rules::{Side, TABLE};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a region of a page with what it should be, or writes it.
fn region(page: &str, name: &str, content: &str) {
    let path = root().join("docs/src").join(page);
    let old = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- begin: {name} -->\n"), format!("<!-- end: {name} -->"));
    let (before, rest) = old.split_once(&begin).unwrap_or_else(|| panic!("{page} has no region {name}"));
    let (is, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{page}: region {name} has no end"));
    if std::env::var_os("SIMPLON_WRITE_PAGES").is_some() {
        fs::write(&path, format!("{before}{begin}{content}{end}{after}")).unwrap();
    } else {
        assert!(is == content, "docs/src/{page}: region {name} is out of date; run `cargo xtask docs`");
    }
}

#[test]
fn the_page_on_strictness_shows_the_rules() {
    let mut text = String::from(
        "| found | a request gets | a response becomes | where | name | switch |\n|---|---|---|---|---|---|\n",
    );
    for row in TABLE {
        let request = match row.side {
            Side::Response => String::new(),
            _ if row.is_dropping() => "(dropped)".to_owned(),
            _ => row.status.to_string(),
        };
        let response = match row.side {
            Side::Request => "",
            _ if row.is_dropping() => "(dropped)",
            _ => "502",
        };
        let switch = row.lenient.map(|name| format!("`{name}`")).unwrap_or_default();
        writeln!(text, "| {} | {request} | {response} | {} | `{:?}` | {switch} |", row.summary, row.source, row.rule)
            .unwrap();
    }
    region("strictness.md", "rules", &text);
}

#[test]
fn the_page_on_errors_shows_the_wire_table() {
    let mut groups: Vec<((Origin, Effect), Vec<&str>)> = Vec::new();
    for (kind, origin, effect) in wire::table().filter(|(kind, origin, _)| can_be(*kind, *origin)) {
        let label = kind_label(kind);
        match groups.iter_mut().find(|(key, _)| *key == (origin, effect)) {
            Some((_, labels)) if labels.contains(&label) => {}
            Some((_, labels)) => labels.push(label),
            None => groups.push(((origin, effect), vec![label])),
        }
    }
    let mut text = String::from(
        "| on whose side | what happened | status | HTTP/1 connection | HTTP/2 code | HTTP/3 code |\n|---|---|---|---|---|---|\n",
    );
    for wanted in [Origin::Downstream, Origin::Upstream, Origin::Internal] {
        for ((origin, effect), labels) in groups.iter().filter(|((origin, _), _)| *origin == wanted) {
            writeln!(text, "| {origin} | {} | {}", labels.join(", "), effect_cells(effect)).unwrap();
        }
    }
    region("errors.md", "wire-table", &text);
}

/// Rules for responses alone are not broken by clients.
fn can_be(kind: Kind, origin: Origin) -> bool {
    !matches!(kind, Kind::Malformed(rule) if origin == Origin::Downstream && rule.row().side == Side::Response)
}

/// Decisions of an application have the status that it names: the table shows one for all.
fn kind_label(kind: Kind) -> &'static str {
    match kind {
        Kind::Rejected(_) => "rejected (with any status; shown with 403)",
        other => other.label(),
    }
}

fn effect_cells(effect: &Effect) -> String {
    let Effect { status, h2, h3, close, answer } = effect;
    let status = match answer {
        Answer::Yes => status.as_str().to_owned(),
        Answer::No => format!("{} (in records alone)", status.as_str()),
    };
    let close = match close {
        Close::Yes => "closed",
        Close::No => "goes on",
    };
    format!("{status} | {close} | {} | {} |", h2_name(*h2), h3_name(*h3))
}

fn h2_name(code: H2) -> &'static str {
    match code {
        H2::NO_ERROR => "NO_ERROR",
        H2::PROTOCOL_ERROR => "PROTOCOL_ERROR",
        H2::INTERNAL_ERROR => "INTERNAL_ERROR",
        H2::REFUSED_STREAM => "REFUSED_STREAM",
        H2::CANCEL => "CANCEL",
        H2::ENHANCE_YOUR_CALM => "ENHANCE_YOUR_CALM",
        other => panic!("{other:?} has no name here"),
    }
}

fn h3_name(code: H3) -> &'static str {
    match code {
        H3::NO_ERROR => "H3_NO_ERROR",
        H3::INTERNAL_ERROR => "H3_INTERNAL_ERROR",
        H3::EXCESSIVE_LOAD => "H3_EXCESSIVE_LOAD",
        H3::REQUEST_REJECTED => "H3_REQUEST_REJECTED",
        H3::REQUEST_CANCELLED => "H3_REQUEST_CANCELLED",
        H3::MESSAGE_ERROR => "H3_MESSAGE_ERROR",
        other => panic!("{other:?} has no name here"),
    }
}

/// Bounds of connections to origins that follow from the descriptors.
const ORIGIN_BOUNDS: [&str; 3] = ["max_connections", "max_connections_per_key", "max_pending_requests"];

#[test]
fn the_page_on_limits_shows_every_default() {
    let http = HttpConfig::default();
    let per_connection = [("max_exchanges", debug(&http.max_exchanges)), ("drain_grace", debug(&http.drain_grace))];
    let sections = [
        ("A message: `proto_http::Limits`", "proto-http/src/limits.rs", "Limits", values(&Limits::default())),
        (
            "Waiting for a client: `core::http::Timeouts`",
            "core/src/http/timeouts.rs",
            "Timeouts",
            values(&Timeouts::default()),
        ),
        (
            "A client's connection: `core::http::HttpConfig`",
            "core/src/http/service.rs",
            "HttpConfig",
            per_connection.map(|(name, value)| (name.to_owned(), value)).into(),
        ),
        (
            "Waiting for an origin: `core::connect::PeerTimeouts`",
            "core/src/connect/peer.rs",
            "PeerTimeouts",
            values(&PeerTimeouts::default()),
        ),
        (
            "Connections that many exchanges share: `core::http::SessionLimits`",
            "core/src/http/session_limits.rs",
            "SessionLimits",
            values(&SessionLimits::default()),
        ),
        (
            "Connections at rest: `pool::Limits`",
            "pool/src/limits.rs",
            "Limits",
            values(&simplon::pool::Limits::default()),
        ),
        (
            "Open connections: `core::server::ConnectionLimits`",
            "core/src/server/census.rs",
            "ConnectionLimits",
            derived(values(&ConnectionLimits::default()), &["total"]),
        ),
        (
            "Open connections to origins: `core::http::OriginLimits`",
            "core/src/http/origin_limits.rs",
            "OriginLimits",
            derived(values(&OriginLimits::default()), &ORIGIN_BOUNDS),
        ),
        (
            "The end of a server: `core::server::DrainTiming`",
            "core/src/server/supervise.rs",
            "DrainTiming",
            values(&DrainTiming::default()),
        ),
    ];
    let text: String =
        sections.into_iter().map(|(title, file, name, values)| section(title, file, name, values)).collect();
    region("limits-and-timeouts.md", "limits", &text);
}

#[test]
fn the_page_on_http_2_shows_every_default() {
    let values = values(&Http2Config::default());
    let file = "core/src/http/multiplex/config.rs";
    region("http2.md", "http2", &section("A connection: `core::http::Http2Config`", file, "Http2Config", values));
}

/// So many at once, and then so many each second.
fn rate(value: &str) -> Option<String> {
    let numbers: Vec<&str> = value.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).collect();
    match (value.starts_with("Rate"), &numbers[..]) {
        (true, [burst, per_second]) => Some(format!("{burst}, then {per_second} each second")),
        _ => None,
    }
}

#[test]
fn the_page_on_load_balancing_shows_every_default() {
    let sections = [
        ("`BalancerConfig`", "load-balancing/src/balancer.rs", "BalancerConfig", values(&BalancerConfig::default())),
        ("`Ejection`", "load-balancing/src/balancer/eject.rs", "Ejection", values(&Ejection::default())),
        ("`HealthConfig`", "load-balancing/src/health/service.rs", "HealthConfig", values(&HealthConfig::default())),
        ("`Thresholds`", "load-balancing/src/health/streak.rs", "Thresholds", values(&Thresholds::default())),
        (
            "`DiscoveryConfig`",
            "load-balancing/src/discovery/service.rs",
            "DiscoveryConfig",
            values(&DiscoveryConfig::default()),
        ),
    ];
    let text: String =
        sections.into_iter().map(|(title, file, name, values)| section(title, file, name, values)).collect();
    region("load-balancing.md", "balancing", &text);
}

/// Of each example, what its page shows.
const SHOWN: &[(&str, &[&str])] = &[
    ("body_rewrite", &["struct Rewrite", "impl Filter<Line> for Rewrite"]),
    ("early_auth", &["impl<Ctx: Send> Filter<Ctx> for Token"]),
    ("embedded", &["async fn main"]),
    ("load_balancer", &["struct Spread", "impl Route for Spread", "struct Watch", "impl<Ctx> Observe<Ctx> for Watch"]),
    ("rate_limit", &["struct PerClient", "impl<Ctx: Send> Filter<Ctx> for PerClient", "async fn main"]),
    ("reverse_proxy", &["async fn main"]),
    ("routing", &["impl Route for Routes", "struct Fields", "impl Filter<()> for Fields"]),
    (
        "tower",
        &[
            "struct Hello",
            "impl Service<http::Request<RequestBody>> for Hello",
            "struct Stamp",
            "impl<S, A, B> Service<http::Request<A>> for Stamp<S>",
            "async fn main",
        ],
    ),
    ("tcp_relay", &["async fn relay", "async fn main"]),
    ("websocket", &["async fn main"]),
];

#[test]
fn the_cookbook_shows_the_examples_as_they_are() {
    for (name, items) in SHOWN {
        let source = fs::read_to_string(root().join(format!("examples/{name}.rs"))).unwrap();
        let shown: Vec<String> = items.iter().map(|item| excerpt(&source, item)).collect();
        region(&format!("cookbook/{name}.md"), "code", &format!("```rust,ignore\n{}\n```\n", shown.join("\n\n")));
    }
}

/// An item at the left margin: from the words above it to its end.
fn excerpt(source: &str, item: &str) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let at = lines.iter().position(|line| line.starts_with(item)).unwrap_or_else(|| panic!("no `{item}`"));
    let above = lines[..at].iter().rev().take_while(|line| line.starts_with("///") || line.starts_with("#[")).count();
    let is_end = |line: &&str| **line == *"}" || (line.starts_with(item) && line.ends_with(';'));
    let length = lines[at..].iter().position(is_end).unwrap_or_else(|| panic!("no end of `{item}`"));
    lines[at - above..=at + length].join("\n")
}

/// A table of one struct: values from its default, words from its source. A field without either fails.
fn section(title: &str, file: &str, name: &str, values: Vec<(String, String)>) -> String {
    let docs = docs_of(file, name);
    let mut text = format!("### {title}\n\n| name | default | what it is |\n|---|---|---|\n");
    for (field, value) in values {
        let doc = docs.iter().find(|(documented, _)| *documented == field).map(|(_, doc)| doc);
        let doc = doc.unwrap_or_else(|| panic!("{file}: {name}::{field} has no documentation"));
        writeln!(text, "| `{field}` | {} | {doc} |", shown(&field, &value)).unwrap();
    }
    text.push('\n');
    text
}

/// Fields and values of a struct, as `Debug` shows them.
fn values(it: &impl Debug) -> Vec<(String, String)> {
    let text = debug(it);
    let (_, inner) = text.split_once(" { ").unwrap();
    let pairs = top_level(inner.strip_suffix(" }").unwrap());
    pairs
        .into_iter()
        .filter_map(|pair| pair.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// These depend on how many descriptors the process may have. What is not public is no value.
fn derived(values: Vec<(String, String)>, names: &[&str]) -> Vec<(String, String)> {
    let value = |(name, value): (String, String)| match names.contains(&&*name) {
        true => (name, "derived".to_owned()),
        false => (name, value),
    };
    values.into_iter().filter(|(name, _)| name != "purpose").map(value).collect()
}

fn debug(it: &impl Debug) -> String {
    format!("{it:?}")
}

/// The text cut at commas outside of brackets.
fn top_level(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut pieces) = (0, 0, Vec::new());
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth -= 1,
            b',' if depth == 0 => {
                pieces.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(text[start..].trim());
    pieces
}

/// A value as a person writes it.
fn shown(field: &str, value: &str) -> String {
    let value = value.strip_prefix("Some(").and_then(|value| value.strip_suffix(')')).unwrap_or(value);
    match value.parse::<u64>() {
        Ok(n) if field.ends_with("octets") && n % 1024 == 0 => format!("{} KiB", n / 1024),
        Ok(n) => n.to_string(),
        Err(_) if value == "None" => "none".to_owned(),
        Err(_) if value.starts_with(&u64::MAX.to_string()) => "for ever".to_owned(),
        Err(_) => match value.strip_suffix('s').map(str::parse::<u64>) {
            Some(Ok(seconds)) if seconds > 0 && seconds % 3600 == 0 => format!("{} h", seconds / 3600),
            Some(Ok(seconds)) => format!("{seconds} s"),
            _ if value == "0ns" => "0 s".to_owned(),
            _ if value.starts_with("Rate") => rate(value).unwrap(),
            _ if value.contains('{') => "see below".to_owned(),
            _ => value.to_lowercase(),
        },
    }
}

/// The fields of a struct with their documentation, from its source.
fn docs_of(file: &str, name: &str) -> Vec<(String, String)> {
    let source = fs::read_to_string(root().join(file)).unwrap();
    let (_, body) =
        source.split_once(&format!("pub struct {name} {{\n")).unwrap_or_else(|| panic!("{file}: no struct {name}"));
    let (mut fields, mut doc) = (Vec::new(), Vec::new());
    for line in body.lines().map(str::trim).take_while(|line| *line != "}") {
        if let Some(words) = line.strip_prefix("///") {
            doc.push(words.trim());
        } else if let Some((field, _)) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(':')) {
            fields.push((field.to_owned(), without_value(&std::mem::take(&mut doc).join(" "))));
        }
    }
    fields
}

/// The words without a bare "Default 60 s.", which the table shows from the value; one that gives its reason stays.
fn without_value(doc: &str) -> String {
    let doc = doc.replace("[`", "`").replace("`]", "`");
    let Some((before, rest)) = doc.split_once("Default ") else { return doc };
    let (value, after) = rest.split_once(". ").unwrap_or_else(|| (rest.trim_end_matches('.'), ""));
    if value.contains([':', ',', ';']) { doc } else { format!("{before}{after}").trim().to_owned() }
}

#[test]
fn every_page_with_rust_in_it_is_compiled() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let pages = pages();
    assert!(pages.len() > 10);
    for page in pages.iter().filter(|page| is_code(&fs::read_to_string(page).unwrap())) {
        let name = page.strip_prefix(root()).unwrap().to_str().unwrap();
        assert!(
            lib.contains(&format!("\"../{name}\"")),
            "{name} has Rust in it; name it among the pages of src/lib.rs"
        );
    }
}

/// Whether a page has Rust of its own; what it shows of elsewhere is compiled there.
fn is_code(page: &str) -> bool {
    let page = page.split_once("<!-- begin: code -->").map_or(page, |(before, _)| before);
    page.split("```rust")
        .skip(1)
        .any(|rest| !rest.split_once('\n').is_some_and(|(_, code)| code.starts_with("{{#include ")))
}

#[test]
fn what_pages_include_is_there() {
    let mut found = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for included in text.split("{{#include ").skip(1).map(|rest| rest.split_once("}}").unwrap().0) {
            let (file, anchor) =
                included.split_once(':').map_or((included, None), |(file, anchor)| (file, Some(anchor)));
            let source =
                fs::read_to_string(page.parent().unwrap().join(file)).unwrap_or_else(|_| panic!("{page:?}: no {file}"));
            let lines = |mark: &str| source.lines().filter(|line| line.trim() == mark).count();
            if let Some(anchor) = anchor {
                assert_eq!(
                    (lines(&format!("// ANCHOR: {anchor}")), lines(&format!("// ANCHOR_END: {anchor}"))),
                    (1, 1),
                    "{included}"
                );
            }
            found += 1;
        }
    }
    assert!(found > 0);
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    collect(&root().join("docs/src"), &mut pages);
    pages
}

fn collect(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension() {
            _ if path.is_dir() => collect(&path, pages),
            Some(extension) if extension == "md" => pages.push(path),
            _ => {}
        }
    }
}

#[test]
fn values_are_read_from_debug_and_shown_in_words() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "read through Debug")]
    struct It {
        head_octets: usize,
        pair: (u8, u8),
        rest: Option<std::time::Duration>,
    }
    let it = It { head_octets: 2048, pair: (1, 2), rest: Some(std::time::Duration::MAX) };
    let shown: Vec<String> = values(&it).iter().map(|(name, value)| format!("{name}={}", shown(name, value))).collect();
    assert_eq!(shown, ["head_octets=2 KiB", "pair=(1, 2)", "rest=for ever"]);
    assert_eq!(without_value("A wait. Default 60 s. Long."), "A wait. Long.");
    assert_eq!(without_value("A wait. Default 60 s."), "A wait.");
    assert_eq!(without_value("[`All`]. Default 32,768: so it is."), "`All`. Default 32,768: so it is.");
}
