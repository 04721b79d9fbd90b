-- finds: check_made_useless error app.notes Enable insert for everyone
-- The second policy was meant to bind the author, and the first lets everything in.
create table notes (id bigint primary key, author uuid);
alter table notes enable row level security;
create policy "Enable insert for everyone" on notes for insert with check (true);
create policy "Users write their own" on notes for insert to authenticated
    with check (author = auth.uid());

select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
insert into notes values (1, '00000000-0000-0000-0000-00000000000a');
select authguard.act_reset();
