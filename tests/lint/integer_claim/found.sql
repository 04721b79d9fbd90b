-- finds: integer_claim info app.note own_notes
-- Subject 007 is another user than 7, whom a revocation of user 7 does not reach.
create table note (id int primary key, owner bigint not null);
alter table note enable row level security;
create policy own_notes on note for select to authenticated
    using (owner = auth.subject()::bigint);

insert into note values (1, 7);
select authguard.act_as('authenticated', '{"sub": "007", "role": "authenticated"}');
do $$ begin assert exists (select from note); end $$;
select authguard.act_reset();
