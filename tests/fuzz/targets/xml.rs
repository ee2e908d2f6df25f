//! The XML of AWS's answers: a text passes for whole only if nothing of it is missing.

use super::{Target, files};
use blackstart::cloud::xml::flaw;

pub const XML: Target = Target {
    name: "xml",
    check,
    seeds: answers,
    words: &[
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?xml version=\"1.0\"?>",
        "<!DOCTYPE x>",
        "<A>",
        "</A>",
        "<A/>",
        "a=\"",
        "'",
        "&lt;",
        "\u{feff}",
        "<item>",
        "</item>",
        "<!ENTITY",
        "]>",
    ],
    brief: 20_000,
};

fn answers() -> Vec<Vec<u8>> {
    let written = [
        "<?xml version=\"1.0\"?>\n<R xmlns=\"x\">\n <B>1</B></R >\n",
        "<A b=\"1>2\" c='/'>text &lt;<![CDATA[</A>]]></A>",
        "<!-- x --><A></A>",
        "<DescribeInstancesResponse><reservationSet><item><instanceId>i-1</instanceId></item></reservationSet></DescribeInstancesResponse>",
        "Service Unavailable",
        "<html><body><h1>503</h1><br></body></html>",
        "",
    ];
    written.iter().map(|text| text.as_bytes().to_vec()).chain(files("screenshots", "board", ".svg")).collect()
}

fn check(bytes: &[u8]) {
    // However long, one pass: a text of many openings is read as fast as one of few.
    if flaw(bytes).is_some() {
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    let whole = text.trim_start_matches('\u{feff}').trim();
    // Of what is whole nothing can be left out at the end, and nothing added.
    let Some((last, _)) = whole.char_indices().next_back() else { return };
    assert!(whole.starts_with('<') && whole.ends_with('>'), "{whole:?} passes for whole");
    for cut in [last, last / 2, last / 3, 1] {
        let cut = (0..=cut).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or(0);
        let (short, rest) = whole.split_at(cut);
        if !short.trim().is_empty() && elements(rest) > 0 {
            assert!(flaw(short.as_bytes()).is_some(), "{short:?} passes for whole, and {rest:?} is missing");
        }
    }
    for more in ["<", "x", "<A", "<A>", "</A>", "<A/>"] {
        assert!(flaw(format!("{whole}{more}").as_bytes()).is_some(), "{whole:?} and {more:?} pass for whole");
    }
}

/// Tags in a text; comments and the like, whatever stands in them, left out.
fn elements(text: &str) -> usize {
    let mut count = usize::from(!text.contains('<'));
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let aside = [("<!--", "-->"), ("<?", "?>")].into_iter().find(|(begin, _)| rest.starts_with(begin));
        let end = match aside {
            Some((_, end)) => rest.find(end).map_or(rest.len(), |at| at + end.len()),
            None => 1,
        };
        count += usize::from(aside.is_none() && !rest.starts_with("<!"));
        rest = &rest[end..];
    }
    count
}
