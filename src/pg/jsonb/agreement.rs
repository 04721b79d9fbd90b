//! Tests that give the same payloads to the encoder and to Postgres, and compare the results.

#[pgrx::pg_schema]
mod tests {
    use super::super::encode;
    use authguard_token::Object;
    use pgrx::prelude::*;
    use pgrx::varlena;
    use std::ffi::CString;
    use std::fmt::Write;

    /// The `jsonb` that Postgres makes of the text.
    fn jsonb_in(text: &str) -> Vec<u8> {
        let text = CString::new(text).expect("no text here has a NUL");
        // SAFETY: jsonb_in takes one cstring and gives a varlena, which is copied.
        unsafe {
            let argument = pg_sys::Datum::from(text.as_ptr());
            let jsonb = pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[Some(argument)]);
            let jsonb: *const pg_sys::varlena =
                jsonb.expect("a jsonb is never NULL").cast_mut_ptr();
            std::slice::from_raw_parts(jsonb.cast::<u8>(), varlena::varsize_any(jsonb)).to_vec()
        }
    }

    /// Returns true if the text is accepted. If so, both results must be the same.
    fn agrees(text: &str) -> bool {
        let accepted = Object::parse(text);
        if let Ok(object) = &accepted {
            assert!(encode(object) == jsonb_in(text), "{text}");
        }
        accepted.is_ok()
    }

    #[pg_test]
    fn jsonb_is_that_of_postgres_for_the_payloads_of_the_parser() {
        let accepted = include_str!("../../../token/tests/verify/jsonb/accepted.jsonl");
        assert!(accepted.lines().count() >= 40);
        assert!(accepted.lines().all(agrees));
    }

    #[pg_test]
    fn jsonb_is_that_of_postgres_for_every_count_of_members_and_elements() {
        for count in 0..200 {
            let list =
                |each: &dyn Fn(usize) -> String| (0..count).map(each).collect::<Vec<_>>().join(",");
            let array = list(&|number| number.to_string());
            let texts = list(&|number| format!("\"{}\"", "x".repeat(number)));
            let object = list(&|number| format!("\"{number}\":{{\"{number}\":[{number}]}}"));
            let text = format!(r#"{{"a":[{array}],"b":[{texts}],"o":{{{object}}}}}"#);
            assert!(agrees(&text));
            assert!(agrees(&format!("{{{object}}}")));
        }
    }

    #[pg_test]
    fn jsonb_is_that_of_postgres_for_every_form_of_number() {
        let mut accepted = 0;
        for whole in [
            "0",
            "1",
            "9",
            "10",
            "9999",
            "10000",
            "100000000",
            "18446744073709551615",
        ] {
            for fraction in [
                "",
                ".0",
                ".5",
                ".50",
                ".0001",
                ".00010000",
                ".00000000000000000001",
            ] {
                for exponent in -330..330 {
                    for sign in ["", "-"] {
                        let exponent = match exponent {
                            -330 => String::new(),
                            _ => format!("e{exponent}"),
                        };
                        let text = format!(r#"{{"n":{sign}{whole}{fraction}{exponent}}}"#);
                        accepted += u32::from(agrees(&text));
                    }
                }
            }
        }
        assert!(accepted > 60_000, "{accepted}");
    }

    #[pg_test]
    fn jsonb_is_that_of_postgres_for_generated_payloads() {
        let mut random = Random(1);
        let mut accepted = 0;
        for _ in 0..5_000 {
            let mut text = String::new();
            random.object(&mut text, 0);
            accepted += u32::from(agrees(&text));
        }
        assert!(accepted > 3_000, "{accepted}");
    }

    /// A generator: splitmix64, and JSON made from its numbers.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ z >> 31) % end
        }

        fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
            of[self.below(of.len() as u64) as usize]
        }

        /// A small number, and seldom one so large that the ends are stored, too.
        fn count(&mut self, depth: u32) -> u64 {
            match self.below(20) {
                0 if depth < 3 => self.below(100),
                _ => self.below(5),
            }
        }

        fn object(&mut self, text: &mut String, depth: u32) {
            text.push('{');
            for number in 0..self.count(depth) {
                text.push_str(self.one(&["", " ", "\n\t"]));
                if number > 0 {
                    text.push(',');
                }
                self.string(text, Some(number));
                text.push(':');
                self.value(text, depth + 1);
            }
            text.push('}');
        }

        fn value(&mut self, text: &mut String, depth: u32) {
            text.push_str(self.one(&["", "", " "]));
            match self.below(if depth > 5 { 5 } else { 7 }) {
                0 => text.push_str(self.one(&["null", "true", "false"])),
                1 | 2 => self.number(text),
                3 | 4 => self.string(text, None),
                5 => self.object(text, depth),
                _ => {
                    text.push('[');
                    for number in 0..self.count(depth) {
                        text.push_str(if number > 0 { "," } else { "" });
                        self.value(text, depth + 1);
                    }
                    text.push(']');
                }
            }
        }

        fn number(&mut self, text: &mut String) {
            text.push_str(self.one(&["", "-"]));
            let digits = 10_u64.pow(self.below(20) as u32);
            let _ = write!(text, "{}", self.below(digits));
            if self.below(3) == 0 {
                let zeros = self.below(20) as usize;
                let _ = write!(text, ".{:0zeros$}{}", 0, self.below(digits));
            }
            if self.below(4) == 0 {
                let exponent = self.below(600) as i64 - 300;
                let _ = write!(text, "{}{exponent}", self.one(&["e", "E"]));
            }
        }

        /// A key begins with its number, so that none occurs twice.
        fn string(&mut self, text: &mut String, key: Option<u64>) {
            text.push('"');
            if let Some(number) = key {
                let _ = write!(text, "{number} ");
            }
            for _ in 0..self.count(9) * self.below(9) {
                text.push_str(self.one(&[
                    "a",
                    "B",
                    "'",
                    " ",
                    "é",
                    "€",
                    "😀",
                    "\u{7f}",
                    "\\\"",
                    "\\\\",
                    "\\/",
                    "\\b",
                    "\\f",
                    "\\n",
                    "\\r",
                    "\\t",
                    "\\u0001",
                    "\\u00E9",
                    "\\uffff",
                    "\\ud83d\\ude00",
                ]));
            }
            text.push('"');
        }
    }
}
