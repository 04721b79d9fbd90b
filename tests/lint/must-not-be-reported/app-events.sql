-- finds: nothing
-- Events that anyone reads, with places that users take; organizers run their own events; a waiting
-- list; votes that are counted and not shown; soft deletion; multi-factor for what matters.
create table organizer (id bigint primary key generated always as identity, name text not null);
create table organizer_staff (
    organizer bigint not null references organizer, user_id uuid not null,
    role text not null check (role in ('host', 'door')), primary key (organizer, user_id));
create table event (id bigint primary key generated always as identity,
    organizer bigint not null references organizer, title text not null,
    starts_at timestamptz not null, is_published bool not null default false,
    deleted_at timestamptz);
create table place (event bigint not null references event, user_id uuid not null default
    auth.uid(),
    taken_at timestamptz not null default now(), primary key (event, user_id));
create table vote (event bigint not null references event, voter uuid not null default auth.uid(),
    stars int not null check (stars between 1 and 5), primary key (event, voter));
create table payout (id bigint primary key generated always as identity,
    organizer bigint not null references organizer, iban text not null);
create function is_host(of_organizer bigint) returns bool
language plpgsql stable security definer set search_path = '' as $$
begin
    return exists (select from app.organizer_staff s
                    where s.organizer = of_organizer and s.user_id = auth.uid()
                      and s.role = 'host');
end
$$;
create function hosts_event(some_event bigint) returns bool
language sql stable security definer set search_path = ''
as $$
    select exists (select from app.event e join app.organizer_staff s on s.organizer = e.organizer
                    where e.id = some_event and s.user_id = auth.uid())
$$;
alter table organizer enable row level security;
alter table organizer_staff enable row level security;
alter table event enable row level security;
alter table place enable row level security;
alter table vote enable row level security;
alter table payout enable row level security;
create policy "Organizers are public" on organizer for select using (true);
create policy "Staff sees its own rows" on organizer_staff for select to authenticated
    using (user_id = (select auth.uid()));
create policy "Published events are public" on event for select
    using (is_published and deleted_at is null);
create policy "Hosts see their events" on event for select to authenticated
    using (is_host(organizer));
create policy "Hosts add events" on event for insert to authenticated with check
    (is_host(organizer));
create policy "Hosts change events" on event for update to authenticated
    using (is_host(organizer) and deleted_at is null) with check (is_host(organizer));
create policy "Own place" on place for select to authenticated using (user_id = (select
    auth.uid()));
create policy "Staff sees places" on place for select to authenticated using (hosts_event(event));
create policy "Take a place" on place for insert to authenticated
    with check (user_id = (select auth.uid())
                and event in (select e.id from event e where e.is_published));
create policy "Leave it" on place for delete to authenticated
    using (user_id = (select auth.uid()) or hosts_event(event));
create policy "Vote" on vote for insert to authenticated
    with check (voter = (select auth.uid())
                and exists (select from place p
                             where p.event = vote.event and p.user_id = (select auth.uid())));
create policy "Own vote" on vote for select to authenticated using (voter = (select auth.uid()));
create policy "Hosts see payouts" on payout for select to authenticated using (is_host(organizer));
create policy "Second factor" on payout as restrictive to authenticated
    using ((select auth.jwt() ->> 'aal') = 'aal2');
