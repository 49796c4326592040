//! The style sheet and the scripts, minified. What the minifier does not understand is written as it is.

use minifier::{css, js};

/// Their names in the site, and their texts.
pub(super) fn all() -> Vec<(&'static str, String)> {
    let style = include_str!("assets/style.css");
    let style = css::minify(style).map_or_else(|_| style.to_owned(), |style| style.to_string());
    let scripts = [
        ("assets/page.js", include_str!("assets/page.js")),
        ("assets/overview.js", include_str!("assets/overview.js")),
        ("assets/treemap.js", include_str!("assets/treemap.js")),
        ("assets/processes.js", include_str!("assets/processes.js")),
        ("assets/contexts.js", include_str!("assets/contexts.js")),
        ("assets/context_table.js", include_str!("assets/context_table.js")),
        ("assets/context.js", include_str!("assets/context.js")),
        ("assets/source.js", include_str!("assets/source.js")),
    ];
    let script = |text: &str| js::minify(text).map_or_else(|_| text.to_owned(), |script| script.to_string());
    let scripts = scripts.into_iter().map(|(name, text)| (name, script(text)));
    scripts.chain([("assets/style.css", style)]).collect()
}
