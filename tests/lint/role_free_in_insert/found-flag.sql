-- finds: role_free_in_insert warning app.participant join_public
-- The right is a flag, and a policy of another table asks for it.
create table channel (id int primary key, is_public bool not null, topic text);
create table participant (
    channel int not null references channel, user_id uuid not null,
    moderates bool not null default false, primary key (channel, user_id));
create function is_public(some_channel int) returns bool
language sql stable security definer set search_path = '' as $$
    select exists (select from app.channel c where c.id = some_channel and c.is_public)
$$;
alter table channel enable row level security;
alter table participant enable row level security;
create policy read on channel for select to authenticated using (is_public);
create policy moderators_change on channel for update to authenticated
    using (exists (select from participant p
                    where p.channel = channel.id and p.user_id = auth.uid() and p.moderates))
    with check (exists (select from participant p
                         where p.channel = channel.id and p.user_id = auth.uid() and p.moderates));
create policy own on participant for select to authenticated using (user_id = auth.uid());
create policy join_public on participant for insert to authenticated
    with check (user_id = auth.uid() and is_public(channel));
create policy own_change on participant for update to authenticated
    using (user_id = auth.uid() and not moderates)
    with check (user_id = auth.uid() and not moderates and is_public(channel));
create policy leave on participant for delete to authenticated
    using (user_id = auth.uid() and not moderates);

insert into channel values (1, true, 'welcome');
select authguard.act_as_user('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
do $$
begin
    insert into participant values (1, auth.uid(), true);
    update channel set topic = 'mine' where id = 1;
    assert found;
end
$$;
select authguard.act_reset();
