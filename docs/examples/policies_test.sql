-- How to test policies with pgTAP and authguard's test kit. Run it as the owner of the extension:
--   psql -X -q -A -t -v ON_ERROR_STOP=1 -f policies_test.sql
-- Everything happens in one transaction, which is rolled back: the roles and claims that act_as sets,
-- the rights it grants to the role, and the revocation.

begin;

select plan(13);

do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'authenticated') then
        create role authenticated;
    end if;
end
$$;

-- What is tested: everyone sees their own notes, and a revoked token sees none.
create table note (
    owner uuid not null,
    body text not null
);
alter table note enable row level security;
create policy own_notes on note for all to authenticated using (owner = auth.uid());
grant select, insert on note to authenticated;
insert into note values
    ('00000000-0000-0000-0000-00000000000a', 'of alice'),
    ('00000000-0000-0000-0000-00000000000b', 'of bob');

select ok(authguard.guard_table('note'), 'the guard is new');
select ok(not authguard.guard_table('note'), 'to guard twice changes nothing');

-- Each sees their own.
select authguard.act_as_user('00000000-0000-0000-0000-00000000000a');
select results_eq('select body from note', array['of alice'], 'alice sees her note');
select throws_ok(
    $$insert into note values ('00000000-0000-0000-0000-00000000000b', 'forged')$$,
    '42501', null, 'alice cannot write for bob');

select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
select results_eq('select body from note', array['of bob'], 'bob sees his note');

-- Without a token there is no uid, so no row is anybody's.
select authguard.act_as('authenticated', null);
select is_empty('select body from note', 'without a token nothing is seen');

-- A revocation holds from the next statement on. The operator is the session's own role.
select authguard.act_reset();
select ok(
    authguard.revoke_user('00000000-0000-0000-0000-00000000000a', 'left the company'),
    'alice is revoked');

select authguard.act_as_user('00000000-0000-0000-0000-00000000000a');
select is_empty('select body from note', 'alice sees nothing any more');
select is(auth.revocation_reason(), 'user', 'and the reason is her entry');
select throws_ok('select auth.require_active()', '28000', 'no active token', 'a function refuses her, too');

select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
select results_eq('select body from note', array['of bob'], 'bob is not concerned');

-- Restored, she needs a new token: one that is issued authguard.leeway after the cut-off.
select authguard.act_reset();
select authguard.restore_user('00000000-0000-0000-0000-00000000000a');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000a');
select is(auth.revocation_reason(), 'user_cut_off', 'her tokens so far stay out');
-- A test cannot wait that long: it lifts the cut-off, too.
select authguard.act_reset();
select authguard.restore_user('00000000-0000-0000-0000-00000000000a', revive_tokens => true);
select authguard.act_as_user('00000000-0000-0000-0000-00000000000a');
select results_eq('select body from note', array['of alice'], 'she is in again');

select authguard.act_reset();
select * from finish();

rollback;
