//! What only describes a user cannot refuse his claims: for claims of any shape that Postgres's own
//! `jsonb` reads, an adopted schema answers what Supabase's functions have answered.

use authguard_wire::shaped::{ADOPT, owner, shaped};
use authguard_wire::*;
use postgres::Client;

/// What Supabase's four functions answer, and the same members of claims that follow none of them.
const ANSWERS: &str = "select array[auth.uid()::text, auth.role(), auth.email(), auth.jwt()::text]";

/// splitmix64.
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

    /// A value that a user may write into his own metadata; seldom one that `jsonb` refuses.
    fn value(&mut self, depth: u64) -> String {
        if self.below(60) == 0 {
            let refused = [
                "1e999999",
                "01",
                "1.",
                "\"\\ud83d\"",
                "\"\\ude00\\ud83d\"",
                "\"\\u0000\"",
                "\"\\x\"",
                "\"\t\"",
                "[1",
                "nul",
                "{\"a\":}",
                "{\"\\u0000\":1}",
            ];
            return self.one(&refused).to_owned();
        }
        match self.below(if depth > 3 { 6 } else { 9 }) {
            0 => self.one(&["null", "true", "false"]).to_owned(),
            1 | 2 => self
                .one(&[
                    "0",
                    "-0",
                    "-0.0",
                    "1e400",
                    "-1E-400",
                    "123456789012345678901234567890.5",
                    "1e131071",
                    "18446744073709551616",
                    "-9223372036854775809",
                    "0.1000",
                    "1.50E+3",
                    "0e-9",
                    "3.14159265358979323846264338327950288419716939937510582097494459230781640628",
                ])
                .to_owned(),
            3 | 4 => format!(
                "\"{}{}\"",
                self.one(&[
                    "",
                    "é€😀",
                    "\\\"]}",
                    "\\\\",
                    "\\u00e9",
                    "\\ud83d\\ude00",
                    "{\\u007b",
                    ",:"
                ]),
                self.one(&["", "\\n", " x", "\\/", "\u{7f}", "\\uFFFF"])
            ),
            5 => {
                let deep = self.below(300) as usize;
                format!("{}1{}", "[".repeat(deep), "]".repeat(deep))
            }
            6 => {
                let all: Vec<_> = (0..self.below(6)).map(|_| self.value(depth + 1)).collect();
                format!("[{}]", all.join(self.one(&[",", " ,\n"])))
            }
            _ => self.object(
                depth + 1,
                &["a", "b", "b", "é", "\\u0061", "", "sub", "access_revoked"],
            ),
        }
    }

    fn object(&mut self, depth: u64, keys: &[&str]) -> String {
        let members: Vec<_> = (0..self.below(5))
            .map(|_| {
                format!(
                    "\"{}\"{}{}",
                    self.one(keys),
                    self.one(&[":", " : "]),
                    self.value(depth)
                )
            })
            .collect();
        format!("{{{}}}", members.join(self.one(&[",", ", "])))
    }

    /// Claims of a user, with members that he has written in any place.
    fn claims(&mut self) -> String {
        let mut members = vec![
            format!(
                "\"sub\":\"{}\"",
                self.one(&[ADA, BEN, "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"])
            ),
            "\"role\":\"authenticated\"".to_owned(),
            "\"iat\":1700000000".to_owned(),
        ];
        for _ in 0..=self.below(4) {
            let name = self.one(&[
                "user_metadata",
                "user_metadata",
                "email",
                "aal",
                "scope",
                "is_anonymous",
                "phone",
                "scp",
                "é",
                "em\\u0061il",
                "",
            ]);
            let value = self.value(0);
            let place = self.below(members.len() as u64 + 1) as usize;
            members.insert(place, format!("\"{name}\":{value}"));
        }
        let metadata = self.object(0, &["provider", "x", "x", "\\u0078"]);
        members.push(format!("\"app_metadata\":{metadata}"));
        format!("{{{}}}", members.join(","))
    }
}

/// The claims that the tests try: generated ones, and those of the limits.
fn corpus() -> Vec<String> {
    let mut random = Random(7);
    let mut all: Vec<String> = (0..3_000).map(|_| random.claims()).collect();
    let around = |value: &str| {
        format!(r#"{{"sub":"{ADA}","role":"authenticated","user_metadata":{value}}}"#)
    };
    for depth in [15, 16, 17, 100, 1_000, 3_000] {
        all.push(around(&format!(
            "{}{}",
            "[".repeat(depth),
            "]".repeat(depth)
        )));
        all.push(around(&format!(
            "{}1{}",
            r#"{"a":"#.repeat(depth),
            "}".repeat(depth)
        )));
    }
    for values in [8_191, 8_192, 8_193, 30_000] {
        all.push(around(&format!("[{}0]", "0,".repeat(values))));
    }
    for digits in [19, 20, 64, 65, 1_000, 60_000] {
        all.push(around(&"9".repeat(digits)));
        all.push(around(&format!("0.{}", "9".repeat(digits.min(16_000)))));
    }
    all
}

fn answer(client: &mut Client, claims: &str) -> Option<Vec<Option<String>>> {
    set_claims(client, claims);
    client.query_one(ANSWERS, &[]).ok().map(|row| row.get(0))
}

#[test]
fn adoption_changes_no_answer_where_the_claims_were_usable() {
    let cluster = shaped();
    let corpus = corpus();
    let mut client = cluster.connect("authenticator", "shaped").unwrap();
    client.batch_execute("set role authenticated").unwrap();
    let before: Vec<_> = corpus
        .iter()
        .map(|claims| answer(&mut client, claims))
        .collect();
    let usable = before.iter().flatten().count();
    assert!(
        usable > 1_000 && usable < corpus.len() - 500,
        "{usable} of {}",
        corpus.len()
    );

    owner(&cluster).batch_execute(ADOPT).unwrap();
    let mut client = cluster.connect("authenticator", "shaped").unwrap();
    client.batch_execute("set role authenticated").unwrap();
    for (claims, before) in corpus.iter().zip(before) {
        let shown: String = claims.chars().take(2_000).collect();
        let now = answer(&mut client, claims);
        assert_eq!(now, before, "{shown}");
        let status = text(&mut client, "select status from auth.whoami()");
        let expected = if before.is_some() {
            "accepted"
        } else {
            "refused"
        };
        assert_eq!(status.as_deref(), Some(expected), "{shown}");
    }
}

#[test]
fn metadata_sixteen_levels_deep_does_not_open_the_rows_of_others() {
    let cluster = shaped();
    owner(&cluster)
        .batch_execute(
            "create function todos_of(p_user uuid) returns bigint language plpgsql security definer
                 set search_path = public, pg_temp as $$
             begin
                 if auth.uid() is not null and auth.uid() <> p_user then
                     raise 'Unauthorized';
                 end if;
                 return (select count(*) from todos where user_id = p_user);
             end $$",
        )
        .unwrap();
    owner(&cluster).batch_execute(ADOPT).unwrap();
    let mut client = cluster.connect("authenticator", "shaped").unwrap();
    client.batch_execute("set role authenticated").unwrap();
    for depth in [15, 16, 17, 1_000] {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        let claims = format!(
            r#"{{"sub":"{ADA}","role":"authenticated","iat":1700000000,"user_metadata":{deep}}}"#
        );
        set_claims(&mut client, &claims);
        assert_eq!(
            text(&mut client, "select auth.uid()::text").as_deref(),
            Some(ADA)
        );
        let mut of = |user: &str| {
            let sql = format!("select todos_of('{user}')");
            client
                .query_one(&sql, &[])
                .map(|row| row.get::<_, i64>(0))
                .map_err(|error| error.to_string())
        };
        assert_eq!(of(ADA).unwrap(), 10);
        let refused = client
            .query_one(&format!("select todos_of('{BEN}')"), &[])
            .expect_err("of another user");
        assert_eq!(refused.as_db_error().unwrap().message(), "Unauthorized");
    }
}
