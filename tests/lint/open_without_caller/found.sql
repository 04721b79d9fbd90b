-- finds: open_without_caller error app.note not_anonymous
-- Without a token the claim is NULL, and NULL is distinct from true.
create table note (id int primary key, owner uuid not null);
alter table note enable row level security;
create policy not_anonymous on note for select
    using ((auth.jwt() ->> 'is_anonymous') is distinct from 'true');

insert into note values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
set local role anon;
do $$ begin assert exists (select from note); end $$;
reset role;
