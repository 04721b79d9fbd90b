-- finds: nothing
-- The trigger sets the author whatever the client says.
create table comment (id int primary key, author uuid, body text not null);
create function set_author() returns trigger language plpgsql as $$
begin
    -- Not only if new.author is null.
    new.author := auth.uid();
    if tg_op = 'INSERT' then
        raise debug 'new';
    end if;
    return new;
end
$$;
create trigger set_author before insert or update on comment
    for each row execute function set_author();
alter table comment enable row level security;
create policy everybody_reads on comment for select to authenticated using (true);
create policy users_add on comment for insert to authenticated
    with check (auth.uid() is not null);
create policy own_change on comment for update to authenticated using (author = auth.uid());
create policy own_remove on comment for delete to authenticated using (author = auth.uid());
