//! What tests print: the Test Anything Protocol, as pgTAP speaks it.

/// The tests of one file.
#[derive(Debug, Default)]
pub struct Tap {
    /// How many tests ran.
    pub tests: usize,
    planned: Option<usize>,
    /// What went wrong, in words.
    pub failures: Vec<String>,
}

impl Tap {
    /// Reads what one row prints, which may be several lines.
    pub fn read(&mut self, printed: &str) {
        for line in printed.lines() {
            if let Some(rest) = result(line, "ok") {
                let _ = rest;
                self.tests += 1;
            } else if let Some(rest) = result(line, "not ok") {
                self.tests += 1;
                // A test that is still to be mended.
                if !rest.to_ascii_lowercase().contains("# todo") {
                    self.failures.push(line.to_owned());
                }
            } else if line.starts_with("Bail out!") {
                self.failures.push(line.to_owned());
            } else if let Some(count) = line.strip_prefix("1..") {
                let count = count.split_whitespace().next().unwrap_or("");
                self.planned = count.parse().ok().or(self.planned);
            }
        }
    }

    /// Ends the file: the tests have to be as many as were planned.
    pub fn end(&mut self) {
        if let Some(planned) = self.planned.filter(|planned| *planned != self.tests) {
            let told = format!("planned {planned} tests but ran {}", self.tests);
            self.failures.push(told);
        }
    }
}

/// What follows the word of a result.
fn result<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(word)?;
    (rest.is_empty() || rest.starts_with(' ')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Tap {
        let mut tap = Tap::default();
        for line in lines {
            tap.read(line);
        }
        tap.end();
        tap
    }

    #[test]
    fn a_test_fails_by_its_line_or_by_its_plan() {
        let tap = read(&["1..2", "ok 1 - a", "not ok 2 - b\n# Failed test 2"]);
        assert_eq!(
            (tap.tests, tap.failures),
            (2, vec!["not ok 2 - b".to_owned()])
        );
        let tap = read(&[
            "ok 1",
            "    not ok 1 - inner",
            "not ok 2 # TODO later",
            "okay",
            "1..2",
        ]);
        assert_eq!((tap.tests, tap.failures.len()), (2, 0));
        assert_eq!(
            read(&["1..3", "ok 1"]).failures,
            ["planned 3 tests but ran 1"]
        );
        assert_eq!(read(&["Bail out!  x"]).failures.len(), 1);
    }
}
