//! The SVG: well-formed whatever the names are, within its bounds, and without anything that runs
//! or is fetched.

use authguard_policy::picture::{Access, Cell, Line, Picture, Row};
use proptest::prelude::*;
use roxmltree::Document;

fn line(name: &str) -> Line {
    Line {
        name: name.to_owned(),
        command: "ALL".to_owned(),
        restrictive: false,
    }
}

fn picture(names: &[&str], roles: &[&str], policies: &[&str]) -> Picture {
    let cell = Cell {
        access: [Access::Some, Access::All, Access::None, Access::Some],
        policies: policies.iter().map(|name| line(name)).collect(),
        is_exempt: false,
        guarded: Some(true),
    };
    let row = |name: &&str| Row {
        name: (*name).to_owned(),
        note: "table, row-level security is on".to_owned(),
        cells: roles.iter().map(|_| cell.clone()).collect(),
    };
    Picture {
        schema: "public".to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        rows: names.iter().map(row).collect(),
    }
}

/// The texts and titles of a picture, whose XML is checked on the way.
fn texts(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).expect("well-formed XML");
    let nodes = document.descendants().filter(|node| node.is_text());
    nodes
        .filter_map(|it| it.text())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_table_role_and_policy_has_its_place_within_the_picture() {
    let names: Vec<_> = (0..30).map(|at| format!("table_{at}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let policies = ["own_rows", "team_rows", "authguard"];
    let svg = picture(&names, &["anon", "authenticated", "service"], &policies).to_svg();
    let texts = texts(&svg);
    for name in names.iter().chain(&["anon", "authenticated", "service"]) {
        assert!(texts.iter().any(|text| text == name), "{name}");
    }
    let of_policies = texts.iter().filter(|text| text.ends_with(" · ALL"));
    assert_eq!(of_policies.count(), 30 * 3 * 3);

    let document = Document::parse(&svg).unwrap();
    let number = |node: &roxmltree::Node<'_, '_>, name| {
        node.attribute(name)
            .map_or(0, |it| it.parse::<u32>().unwrap())
    };
    let root = document.root_element();
    let (width, height) = (number(&root, "width"), number(&root, "height"));
    assert!(width < 1200 && height < 4000, "{width} x {height}");
    let boxes: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "rect")))
        .map(|it| ["x", "y", "width", "height"].map(|name| number(&it, name)))
        .collect();
    for [x, y, w, h] in &boxes {
        assert!(x + w <= width && y + h <= height, "{x} {y} {w} {h}");
    }
    // The boxes of tables and cells do not overlap.
    let large: Vec<_> = boxes.iter().filter(|it| it[2] > 100).skip(1).collect();
    assert_eq!(large.len(), 30 * 4);
    for (at, [x, y, w, h]) in large.iter().enumerate() {
        for [other_x, other_y, other_w, other_h] in large.iter().skip(at + 1) {
            let beside = *other_x >= x + w || *x >= other_x + other_w;
            assert!(beside || *other_y >= y + h || *y >= other_y + other_h);
        }
    }
}

#[test]
fn a_long_name_is_cut_and_shown_whole_to_a_pointer() {
    let long = "a_name_of_sixty_three_bytes_which_is_as_long_as_names_can_be_xy";
    let wide = "表".repeat(21);
    let svg = picture(&[long, &wide], &["anon"], &[long]).to_svg();
    let texts = texts(&svg);
    assert!(texts.iter().any(|text| text == long));
    assert!(texts.contains(&wide));
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with("a_name_of") && text.ends_with('…'))
    );
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with('表') && text.ends_with('…'))
    );
}

#[test]
fn nothing_in_it_runs_or_is_fetched() {
    let evil = r#"x" onload="alert(1)"><script>alert(1)</script><image href="http://e.example/"/>"#;
    let svg = picture(&[evil], &[evil], &[evil]).to_svg();
    let document = Document::parse(&svg).expect("well-formed XML");
    let known = ["svg", "title", "style", "rect", "text", "g"];
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(known.contains(&node.tag_name().name()), "{node:?}");
        for attribute in node.attributes() {
            let name = attribute.name();
            assert!(!name.starts_with("on") && name != "href", "{attribute:?}");
        }
    }
    assert!(!svg.contains("url(") && !svg.contains("@import"));
}

#[test]
fn an_empty_schema_and_one_that_nobody_reaches_say_so() {
    let says = |picture: &Picture, words: &str| {
        texts(&picture.to_svg())
            .iter()
            .any(|text| text.contains(words))
    };
    assert!(says(&picture(&[], &["anon"], &[]), "no table or view"));
    assert!(says(&picture(&["note"], &[], &[]), "No role of a client"));
}

proptest! {
    #[test]
    fn any_name_gives_well_formed_xml(name in any::<String>(), policy in "\\PC*|.*") {
        let svg = picture(&[&name], &[&name], &[&policy]).to_svg();
        prop_assert!(Document::parse(&svg).is_ok());
        let turns = svg.contains('\u{202e}');
        prop_assert!(!turns);
    }
}
