//! The output of tests (<https://testanything.org>, version 12), as pgTAP prints it.

/// The tests of a script so far.
#[derive(Default)]
pub(super) struct Tap {
    planned: Option<usize>,
    tests: usize,
    failed: Option<String>,
}

impl Tap {
    /// Reads a value that a statement returned: some lines of TAP, or anything else.
    pub fn read(&mut self, value: &str) {
        for line in value.lines() {
            self.line(line);
        }
    }

    fn line(&mut self, line: &str) {
        // Lines of subtests are indented: the test that they belong to counts.
        if let Some(count) = line.strip_prefix("1..") {
            let count = count.split_whitespace().next();
            self.planned = count.and_then(|count| count.parse().ok()).or(self.planned);
        } else if let Some(rest) = line.strip_prefix("not ok") {
            if is_test(rest) {
                self.tests = self.tests.saturating_add(1);
                if !is_todo(rest) {
                    self.failed.get_or_insert_with(|| line.to_owned());
                }
            }
        } else if let Some(rest) = line.strip_prefix("ok") {
            if is_test(rest) {
                self.tests = self.tests.saturating_add(1);
            }
        } else if line.starts_with("Bail out!") {
            self.failed.get_or_insert_with(|| line.to_owned());
        }
    }

    /// Returns the number of tests, or a line about what failed.
    pub fn end(self) -> Result<usize, String> {
        match (self.failed, self.planned) {
            (Some(line), _) => Err(line),
            (None, Some(planned)) if planned != self.tests => {
                Err(format!("# planned {planned} tests but ran {}", self.tests))
            }
            _ => Ok(self.tests),
        }
    }
}

fn is_test(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ')
}

/// Returns true for a test that is expected to fail.
fn is_todo(rest: &str) -> bool {
    let directive = rest
        .rsplit_once('#')
        .map(|(_, directive)| directive.trim_start());
    directive.is_some_and(|directive| directive.to_ascii_lowercase().starts_with("todo"))
}
