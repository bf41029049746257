use super::{links, replace};

#[test]
fn only_the_region_changes() {
    let page = "a\n<!-- begin: x -->\nold\n<!-- end: x -->\nb\n";
    assert_eq!(replace(page, "x", "new\n").unwrap(), "a\n<!-- begin: x -->\nnew\n<!-- end: x -->\nb\n");
}

#[test]
fn replacing_by_the_same_changes_nothing() {
    let page = "<!-- begin: x -->\nsame\n<!-- end: x -->";
    assert_eq!(replace(page, "x", "same\n").unwrap(), page);
}

#[test]
fn a_page_without_the_region_is_left_alone() {
    assert_eq!(replace("a", "x", "new"), None);
    assert_eq!(replace("<!-- begin: x -->\nno end", "x", "new"), None);
}

#[test]
fn links_are_found() {
    assert_eq!(links("- [A](a.md)\n  - [B](b/c.md)\n").collect::<Vec<_>>(), ["a.md", "b/c.md"]);
}
