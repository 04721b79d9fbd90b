-- finds: secret_key_readable error app.carts anyone
-- finds: secret_key_readable error app.invites list
create table carts (id uuid primary key);
create table cart_items (id bigint, cart_id uuid references carts);
create table invites (id bigint primary key, code text, email text);
alter table carts enable row level security;
alter table cart_items enable row level security;
alter table invites enable row level security;
create policy anyone on carts for select to anon using (true);
create policy own_items on cart_items to anon using (
    cart_id = (current_setting('request.cookies', true)::json ->> 'cart')::uuid);
create policy list on invites for select to anon using (true);
create policy take on invites for update to anon
    using (code = current_setting('app.invite_code', true)) with check (true);
