-- finds: owner_free_in_insert warning app.comment users_add
-- The trigger fills the author only if none is given, so that anyone writes in another's name.
create table comment (id int primary key, author uuid, body text not null);
create function set_author() returns trigger language plpgsql as $$
begin
    if new.author is null then
        new.author := auth.uid();
    end if;
    return new;
end
$$;
create trigger set_author before insert on comment for each row execute function set_author();
alter table comment enable row level security;
create policy everybody_reads on comment for select to authenticated using (true);
create policy users_add on comment for insert to authenticated
    with check (auth.uid() is not null);
create policy own_change on comment for update to authenticated using (author = auth.uid());
create policy own_remove on comment for delete to authenticated using (author = auth.uid());

select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    insert into comment values (1, 'b0000000-0000-4000-8000-00000000000b',
        'in the name of another');
    assert (select author <> auth.uid() from comment);
end
$$;
select authguard.act_reset();
