-- finds: nothing
-- Forms that anyone may fill in; only the backend reads them.
create table contact_message (id bigint primary key generated always as identity,
    email text not null, body text not null check (length(body) < 5000));
create table page_view (at timestamptz not null default now(), path text not null);
alter table contact_message enable row level security;
alter table page_view enable row level security;
create policy "Anyone may write to us" on contact_message for insert to anon, authenticated
    with check (true);
create policy "Counted" on page_view for insert with check (true);
