-- finds: nothing
-- Users are numbers; the backend of the application sets the id of the current one.
create table account (id bigint primary key, email text not null);
create table invoice (id bigint primary key generated always as identity,
    account bigint not null references account default auth.subject()::bigint, cents int not null);
create table setting (account bigint primary key references account, theme text);
alter table account enable row level security;
alter table invoice enable row level security;
alter table setting enable row level security;
create policy own on account for select to authenticated using (id = auth.subject()::bigint);
create policy own on invoice for select to authenticated using (account = auth.subject()::bigint);
create policy own on setting to authenticated using (account = auth.subject()::bigint)
    with check (account = auth.subject()::bigint);
