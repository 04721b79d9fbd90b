-- finds: policies_without_rls app.note
-- Policies do nothing until row-level security is on.
create table note (id int primary key, owner uuid not null);
create policy own_notes on note for select to authenticated using (owner = auth.uid());

insert into note values (1, 'b0000000-0000-4000-8000-00000000000b');
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$ begin assert exists (select from note); end $$;
select authguard.act_reset();
