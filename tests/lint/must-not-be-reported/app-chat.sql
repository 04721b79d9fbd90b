-- finds: nothing
-- Channels, public and private, direct messages, reactions, read marks. Whoever is in a private
-- channel invites others; anyone joins a public one.
create table channel (id uuid primary key default gen_random_uuid(), name text not null,
    is_private bool not null default false, founder uuid not null default auth.uid());
create table participant (
    channel uuid not null references channel on delete cascade, user_id uuid not null,
    invited_by uuid default auth.uid(), primary key (channel, user_id));
create table message (id bigint primary key generated always as identity,
    channel uuid not null references channel on delete cascade,
    author uuid not null default auth.uid(), body text not null,
    sent_at timestamptz not null default now());
create table reaction (message bigint not null references message on delete cascade,
    user_id uuid not null default auth.uid(), emoji text not null,
    primary key (message, user_id, emoji));
create table read_mark (channel uuid not null references channel on delete cascade,
    user_id uuid not null default auth.uid(), up_to bigint not null, primary key (channel,
        user_id));
create function takes_part(in_channel uuid) returns bool
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select exists (select from participant p
                    where p.channel = in_channel and p.user_id = auth.uid());
end;
create function is_open(some_channel uuid) returns bool
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select exists (select from channel c where c.id = some_channel and not c.is_private);
end;
alter table channel enable row level security;
alter table participant enable row level security;
alter table message enable row level security;
alter table reaction enable row level security;
alter table read_mark enable row level security;
create policy found on channel for insert to authenticated with check (founder = auth.uid());
create policy read on channel for select to authenticated
    using (not is_private or founder = auth.uid() or takes_part(id));
create policy founder_changes on channel for update to authenticated
    using (founder = auth.uid()) with check (founder = auth.uid());
create policy founder_removes on channel for delete to authenticated using (founder = auth.uid());
create policy read on participant for select to authenticated
    using (user_id = auth.uid() or takes_part(channel));
create policy join_public on participant for insert to authenticated
    with check (user_id = auth.uid() and is_open(channel));
create policy invite on participant for insert to authenticated with check (takes_part(channel));
create policy leave on participant for delete to authenticated using (user_id = auth.uid());
create policy read on message for select to authenticated using (takes_part(channel));
create policy send on message for insert to authenticated
    with check (author = auth.uid() and takes_part(channel));
create policy edit on message for update to authenticated
    using (author = auth.uid()) with check (author = auth.uid() and takes_part(channel));
create policy withdraw on message for delete to authenticated using (author = auth.uid());
create policy read on reaction for select to authenticated
    using (exists (select from message m where m.id = reaction.message));
create policy react on reaction for insert to authenticated
    with check (user_id = auth.uid()
                and exists (select from message m where m.id = reaction.message));
create policy unreact on reaction for delete to authenticated using (user_id = auth.uid());
create policy own on read_mark to authenticated
    using (user_id = auth.uid())
    with check (user_id = auth.uid() and takes_part(channel));
