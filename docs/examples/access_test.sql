-- Tests of policies with authguard's assertions and pgTAP: who sees which row, who may write it,
-- and by which policy. Run it as a superuser, or as the owner of the tables:
--   psql -X -q -A -t -v ON_ERROR_STOP=1 -f access_test.sql
-- `supabase test db` and pg_prove run it as it is. Nothing is left behind.

begin;

select plan(7);

do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'authenticated') then
        create role authenticated;
    end if;
end
$$;

create table note (
    id int primary key,
    owner uuid not null,
    body text not null
);
alter table note enable row level security;
create policy own_notes on note for all to authenticated using (owner = auth.uid());
create policy not_empty on note as restrictive for insert to authenticated with check (body <> '');
grant select, insert, update on note to authenticated;
insert into note values
    (1, '00000000-0000-0000-0000-00000000000a', 'of alice'),
    (2, '00000000-0000-0000-0000-00000000000b', 'of bob');

\set alice '''{"sub": "00000000-0000-0000-0000-00000000000a", "role": "authenticated"}'''

select authguard.assert_visible('note', '{"id": 1}', :alice);
select authguard.assert_hidden('note', '{"id": 2}', :alice);
select authguard.assert_can('update', 'note', '{"id": 1}', :alice, new_row => '{"body": "milk"}');
select authguard.assert_cannot(
    'delete', 'note', '{"id": 1}', :alice, description => 'nobody deletes');
-- Denied by that policy, and not by a missing privilege or by another policy.
select authguard.assert_denied(
    'update', 'note', '{"id": 1}', :alice,
    new_row => '{"owner": "00000000-0000-0000-0000-00000000000b"}',
    policy => 'own_notes', description => 'alice cannot give her note away');
select authguard.assert_denied(
    'insert', 'note',
    '{"id": 3, "owner": "00000000-0000-0000-0000-00000000000a", "body": ""}', :alice,
    policy => 'not_empty');

-- A revoked token sees nothing; the guard is the policy that says so.
do $$ begin perform authguard.guard_table('note'); end $$;
do $$ begin perform authguard.revoke_user('00000000-0000-0000-0000-00000000000a'); end $$;
select authguard.assert_denied('select', 'note', '{"id": 1}', :alice, policy => 'authguard');

select * from finish();

rollback;
