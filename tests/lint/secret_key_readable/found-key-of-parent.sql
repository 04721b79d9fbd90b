-- finds: secret_key_readable error app.guests guests_read
-- The key of the open table is a child's column, which a helper compares with a header.
create table guests (id uuid primary key default gen_random_uuid(), nickname text);
create table answers (id bigint primary key, guest uuid references guests, answer text);
alter table guests enable row level security;
alter table answers enable row level security;
create function guest_id() returns uuid language sql stable as
$$ select (nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-guest')::uuid $$;
create policy guests_read on guests for select using (true);
create policy answers_read on answers for select to anon using (guest = guest_id());

insert into guests (nickname) values ('a');
insert into answers select 1, id, 'private' from guests;
select authguard.act_as('anon', null);
do $$ begin assert not exists (select from answers); end $$;
select set_config('request.headers', json_build_object('x-guest', id)::text, true) from guests;
do $$ begin assert exists (select from answers); end $$;
select authguard.act_reset();
