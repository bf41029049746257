//! Parts of a page that belong to a program: between `<!-- begin: name -->` and `<!-- end: name -->`.

/// The page with the region's content replaced; `None` if the page has no such region.
pub(super) fn replace(page: &str, name: &str, content: &str) -> Option<String> {
    let (before, rest) = page.split_once(&format!("<!-- begin: {name} -->\n"))?;
    let (_, after) = rest.split_once(&format!("<!-- end: {name} -->"))?;
    Some(format!("{before}<!-- begin: {name} -->\n{content}<!-- end: {name} -->{after}"))
}

/// The targets of the links on a page.
pub(super) fn links(page: &str) -> impl Iterator<Item = &str> {
    page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

#[cfg(test)]
mod tests;
