//! Somebody else's schema `auth` is adopted: the library replaces its readers in place. Then the
//! schema is released again. Every policy works throughout.

use authguard_wire::shaped::*;
use authguard_wire::*;
use pgrx_embed::cluster::Config;
use postgres::Client;

#[test]
fn every_user_has_the_same_rows_before_adoption_after_it_and_after_release() {
    let cluster = shaped();
    let mut owner = owner(&cluster);
    let before = rows(&cluster, "shaped");
    let told = before.join("\n");
    for sign in [
        "todo 40",
        ",ada@example.org)",
        ": Ok(10)",
        "Ok(Some(\"a0000000",
        "team 3",
    ] {
        assert!(told.contains(sign), "the fixture shows no {sign}");
    }
    let identity_before = identity(&mut owner);
    for round in 1..=2 {
        owner.batch_execute(ADOPT).unwrap();
        assert_eq!(ours(&mut owner), 4);
        assert_eq!(identity(&mut owner), identity_before, "round {round}");
        assert_same(&rows(&cluster, "shaped"), &before);
        let mut user = cluster.connect("authenticator", "shaped").unwrap();
        user.batch_execute("set role authenticated").unwrap();
        set_claims(&mut user, USERS[2].1);
        owner
            .batch_execute("select authguard.guard_table('todos')")
            .unwrap();
        let todos = |user: &mut Client| text(user, "select count(*)::text from todos");
        assert_eq!(todos(&mut user).as_deref(), Some("10"));
        owner
            .query(
                "select authguard.revoke_user('A0000000-0000-4000-8000-00000000000A')",
                &[],
            )
            .unwrap();
        assert_eq!(todos(&mut user).as_deref(), Some("0"));

        let left = owner.query("select authguard.release()", &[]).unwrap();
        let left: Vec<String> = left.iter().map(|row| row.get(0)).collect();
        assert_eq!(left, ["policy authguard on table public.todos"]);
        owner
            .batch_execute("drop extension authguard")
            .expect_err("a policy calls auth.is_revoked()");
        owner
            .batch_execute("drop policy authguard on todos; drop extension authguard")
            .unwrap();
        assert_eq!(identity(&mut owner), identity_before);
        assert_eq!(ours(&mut owner), 0);
        assert_same(&rows(&cluster, "shaped"), &before);
    }
}

#[test]
fn a_schema_made_by_the_extension_can_be_released_too() {
    let cluster = server(Config::default());
    let mut owner = admin(&cluster);
    owner
        .batch_execute(
            "create table mine (owner uuid); insert into mine values ('a0000000-0000-4000-8000-00000000000a');
             alter table mine enable row level security; grant select on mine to authenticated;
             create policy own on mine using (owner = auth.uid());
             select authguard.unguard_table('notes'); select authguard.release(); drop extension authguard",
        )
        .unwrap();
    let mut user = gateway(&cluster);
    for (claims, count) in [(claims(ADA), "1"), (claims(BEN), "0"), (String::new(), "0")] {
        set_claims(&mut user, &claims);
        let seen = text(&mut user, "select count(*)::text from mine");
        assert_eq!(seen.as_deref(), Some(count), "{claims}");
    }
    set_claims(&mut user, &claims(ADA));
    let read = "select concat_ws(' ', auth.uid(), auth.role(), auth.jwt() ->> 'jti', auth.email())";
    assert_eq!(
        text(&mut user, read),
        Some(format!("{ADA} authenticated token of {ADA}"))
    );
}
