//! The tests that need only one backend. They run as superuser, who bypasses policies. So all tests
//! of policies and trust are in `tests/`.

#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::*;

    const USER: &str = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";

    fn set_claims(claims: &str) {
        Spi::run_with_args(
            "select set_config('request.jwt.claims', $1, true)",
            &[claims.into()],
        )
        .expect("claims are set");
    }

    fn ask<T: FromDatum + IntoDatum>(sql: &str) -> Option<T> {
        Spi::get_one(sql).expect("the query runs")
    }

    #[pg_test]
    fn canonical_agrees_with_uuid_in() {
        let same: Option<bool> = ask(
            "select bool_and(authguard.canonical(s) = s::uuid::text)
               from unnest(array['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
                                 'a0eebc999c0b4ef8bb6d6bb9bd380a11', 'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11',
                                 '{A0EEBC99-9c0b4ef8-bb6d6bb9-bd380a11}']) s",
        );
        assert_eq!(same, Some(true));
        let other: Option<String> = ask("select authguard.canonical('Alice')");
        assert_eq!(other.as_deref(), Some("Alice"));
    }

    #[pg_test]
    fn jwt_equals_the_text_as_jsonb() {
        let claims = r#"{"sub":"x","n":12345678901234567,"f":0.1,"deep":{"a":[1,null,"\u00e9"]}}"#;
        set_claims(claims);
        let same: Option<bool> =
            ask("select auth.jwt() = current_setting('request.jwt.claims')::jsonb");
        assert_eq!(same, Some(true));
    }

    #[pg_test]
    fn values_stay_when_the_same_query_sets_other_claims() {
        set_claims(&format!(r#"{{"sub":"{USER}"}}"#));
        let before: Option<String> = ask(
            "select concat_ws(' ', u, s, v) from (select auth.uid() u,
                set_config('request.jwt.claims', '{\"sub\":\"bob\"}', true) s, auth.subject() v offset 0) q",
        );
        assert_eq!(before, Some(format!("{USER} {{\"sub\":\"bob\"}} bob")));
    }

    #[pg_test]
    fn many_claims_in_one_transaction_keep_the_right_values() {
        let wrong: Option<i64> = ask("select count(*) from generate_series(1, 1000) g
              where set_config('request.jwt.claims', '{\"sub\":\"u' || g || '\"}', true) is null
                 or auth.subject() is distinct from 'u' || g");
        assert_eq!(wrong, Some(0));
    }

    #[pg_test]
    fn memory_is_flat_over_many_claims_in_one_transaction() {
        let run = || {
            Spi::run(
                "do $$ begin for g in 1..20000 loop
                     perform set_config('request.jwt.claims', '{\"sub\":\"u' || g || '\"}', true);
                     perform auth.subject(), auth.jwt();
                 end loop; end $$",
            )
            .expect("the loop runs");
            ask::<i64>(
                "select count(*) from pg_backend_memory_contexts where name = 'authguard claims'",
            )
        };
        let after_one = run();
        assert_eq!(run(), after_one);
        assert!(after_one.is_some_and(|contexts| contexts <= 66));
    }

    #[pg_test]
    fn a_function_that_revokes_sees_its_own_revocation() {
        set_claims(&format!(r#"{{"sub":"{USER}","iat":1700000000}}"#));
        Spi::run(&format!(
            "create function revoke_and_look() returns text language plpgsql as $$
             declare seen text := auth.is_revoked()::text;
             begin
                 begin
                     perform authguard.revoke_user('{USER}');
                     seen := seen || ' ' || auth.is_revoked();
                     raise exception 'undo';
                 exception when raise_exception then
                     seen := seen || ' ' || auth.is_revoked();
                 end;
                 perform authguard.revoke_user('{USER}');
                 return seen || ' ' || auth.is_revoked();
             end $$"
        ))
        .expect("the function is made");
        let seen: Option<String> = ask("select revoke_and_look()");
        assert_eq!(seen.as_deref(), Some("false true false true"));
    }

    #[pg_test(error = "function was not called by a trigger")]
    fn the_trigger_function_refuses_other_calls() {
        Spi::run("create function direct() returns void language c as '$libdir/authguard', 'authguard_invalidate'")
            .expect("the function is made");
        Spi::run("select direct()").expect("never reached");
    }
}
