-- What compose.yaml adds to docs/setup.sql: keys that PostgREST reads from the database, and a user
-- with two notes.

alter role authenticator password 'authenticator';
select authguard.rotate_signing_key();

create schema postgrest;
grant usage on schema postgrest to authenticator, anon, authenticated;
create function postgrest.pre_config() returns void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    select set_config('pgrst.jwt_secret', auth.jwks()::text, true);
end;

insert into note (owner, body) values
    ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'call the bank'),
    ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'buy milk'),
    ('b1ffcd88-8d1a-4fe9-aa7e-7cc8ae491b22', 'of another user');
