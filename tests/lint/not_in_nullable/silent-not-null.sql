-- finds: nothing
-- The column cannot be NULL, NULLs are left out, or NOT EXISTS asks.
create table block (blocker uuid not null, blocked uuid not null, maybe uuid);
create table post (id int primary key, author uuid not null);
alter table block enable row level security;
alter table post enable row level security;
create policy own on block for select to authenticated using (blocker = auth.uid());
create policy not_blocked on post for select to authenticated
    using (author not in (select b.blocked from block b where b.blocker = auth.uid()));
create policy add on post for insert to authenticated
    with check (author = auth.uid()
                and author not in (select b.maybe from block b where b.maybe is not null));
create policy change on post for update to authenticated
    using (author = auth.uid()
           and not exists (select from block b where b.maybe = post.author));
