-- finds: owner_free_in_insert warning app.comment users_add
-- A default is only what a client gets who says nothing.
create table comment (id int primary key, author uuid default auth.uid(), body text not null);
alter table comment enable row level security;
create policy everybody_reads on comment for select to authenticated using (true);
create policy users_add on comment for insert to authenticated
    with check ((select auth.uid()) is not null);
create policy own_rest on comment for all to authenticated using ((select auth.uid()) = author)
    with check ((select auth.uid()) = author);

select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    insert into comment values (1, 'b0000000-0000-4000-8000-00000000000b',
        'in the name of another');
    assert (select author <> auth.uid() from comment);
end
$$;
select authguard.act_reset();
