-- finds: not_in_nullable info app.post not_blocked
-- One NULL among the blocked authors hides every post.
create table block (blocker uuid not null, blocked uuid);
create table post (id int primary key, author uuid not null);
alter table block enable row level security;
alter table post enable row level security;
create policy own on block for select to authenticated using (blocker = auth.uid());
create policy not_blocked on post for select to authenticated
    using (author not in (select b.blocked from block b where b.blocker = auth.uid()));

insert into block values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', null);
insert into post values (1, 'b0000000-0000-4000-8000-00000000000b');
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$ begin assert not exists (select from post); end $$;
select authguard.act_reset();
