//! `authguard.policies_svg`, as a browser shows it.

use authguard_wire::page;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::postgres::Install;
use roxmltree::Document;
use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::Path;
use std::process::Command;

/// Thirty tables with and without policies and guards, some with names that need quotes.
const SCHEMA: &str = r#"
    create schema shop;
    grant usage on schema shop to anon, authenticated;
    do $$
    declare t text;
    begin
        for n in 1 .. 30 loop
            t := format('shop.%I', (array['order', 'line & <item>', '表'])[1 + n % 3] || '_' || n);
            execute format('create table %s (id int, owner uuid)', t);
            execute format('grant select, insert on %s to authenticated', t);
            continue when n % 5 = 0;
            execute format('alter table %s enable row level security', t);
            execute format('create policy "own <b>rows</b>" on %s to authenticated
                using (owner = auth.uid())', t);
            continue when n % 2 = 0;
            execute format('grant select on %s to anon', t);
            execute format('create policy everybody on %s for select using (true)', t);
            perform authguard.guard_table(t);
        end loop;
    end $$;"#;

/// The colour of each class, in light and dark.
const COLOURS: [(&str, [u32; 2]); 7] = [
    ("page", [0xff_ffff, 0x0d_1117]),
    ("box", [0xf6_f8fa, 0x16_1b22]),
    ("cell", [0xff_ffff, 0x0d_1117]),
    ("away", [0xf6_f8fa, 0x16_1b22]),
    ("some", [0x2f_6fd6, 0x4c_8dff]),
    ("all", [0xc2_410c, 0xf0_883e]),
    ("guarded", [0x1a_7f37, 0x3f_b950]),
];

struct Screenshot {
    width: usize,
    pixels: Vec<u8>,
}

impl Screenshot {
    /// Returns true if a pixel has about this colour.
    fn is_about(&self, (x, y): (usize, usize), colour: u32) -> bool {
        let at = (y * self.width + x) * 3;
        let [_, colour @ ..] = colour.to_be_bytes();
        let pixel = self.pixels.get(at..at + 3).expect("a pixel of it");
        pixel
            .iter()
            .zip(colour)
            .all(|(it, wanted)| it.abs_diff(wanted) < 12)
    }
}

/// A screenshot of a file; `None` if there is no browser here.
fn seen(svg: &Path, [width, height]: [usize; 2], scheme: usize) -> Option<Screenshot> {
    let to = svg.with_extension(format!("{scheme}.png"));
    for browser in ["chromium", "google-chrome", "chromium-browser"] {
        let mut command = Command::new(browser);
        command
            // Root has no sandbox, and nothing but this file is shown.
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
            ])
            .arg(format!(
                "--user-data-dir={}",
                svg.with_extension("d").display()
            ))
            .arg(format!(
                "--blink-settings=preferredColorScheme={}",
                1 - scheme
            ))
            .arg(format!("--window-size={width},{height}"))
            .arg(format!("--screenshot={}", to.display()))
            .arg(format!("file://{}", svg.display()));
        let Ok(output) = command.output() else {
            continue;
        };
        assert!(output.status.success() && to.is_file(), "{output:?}");
        let mut decoder = png::Decoder::new(BufReader::new(File::open(&to).unwrap()));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("its size")];
        let frame = reader.next_frame(&mut pixels).expect("a picture");
        assert_eq!(frame.color_type, png::ColorType::Rgb);
        let width = usize::try_from(frame.width).unwrap();
        return Some(Screenshot { width, pixels });
    }
    let _ = writeln!(std::io::stderr(), "SKIPPED: no chromium is in the PATH");
    None
}

#[test]
fn a_browser_shows_each_table_and_what_each_role_reaches_in_light_and_dark() {
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    let cluster = Cluster::create(&install, Config::default()).expect("the server starts");
    page::database(&cluster, "app");
    page::run(&cluster, "app", "\\i setup.sql");
    page::run(&cluster, "app", SCHEMA);
    let mut client = cluster.connect("postgres", "app").unwrap();
    let svg: String = client
        .query_one("select authguard.policies_svg('shop')", &[])
        .expect("a picture")
        .get(0);
    let error = client.query("select authguard.policies_svg('absent')", &[]);
    assert_eq!(error.unwrap_err().code().map(|it| it.code()), Some("3F000"));

    let document = Document::parse(&svg).expect("well-formed XML");
    let number = |node: roxmltree::Node<'_, '_>, name| {
        node.attribute(name)
            .map_or(0, |it| it.parse().expect("a number"))
    };
    let root = document.root_element();
    let size = ["width", "height"].map(|name| number(root, name));
    let place = std::env::temp_dir().join(format!("authguard-picture-{}", std::process::id()));
    fs::create_dir_all(&place).unwrap();
    let file = place.join("shop.svg");
    fs::write(&file, &svg).unwrap();
    for scheme in 0..2 {
        let Some(screenshot) = seen(&file, size, scheme) else {
            break;
        };
        for (class, colours) in COLOURS {
            let boxes: Vec<_> = document
                .descendants()
                .filter(|node| node.attribute("class") == Some(class))
                .map(|node| ["x", "y", "height"].map(|name| number(node, name)))
                .collect();
            assert!(!boxes.is_empty(), "{class}");
            for [x, y, height] in boxes {
                // Left of the text, and within the border.
                let at = (x + 3, y + height / 2);
                assert!(
                    screenshot.is_about(at, colours[scheme]),
                    "{class} at {at:?}, {scheme}"
                );
            }
        }
        let text = [0x1f_2328, 0xe6_edf3][scheme];
        let dark = (0..size[0] * size[1])
            .filter(|at| screenshot.is_about((at % size[0], at / size[0]), text));
        assert!(dark.count() > 5_000, "the names are there, {scheme}");
    }
    fs::remove_dir_all(&place).unwrap();
}
