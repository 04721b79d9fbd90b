-- finds: nothing
-- A shop's catalogue is for everybody; staff changes it; customers see their own orders.
create table product (id bigint primary key generated always as identity,
    name text not null, price_cents int not null, is_listed bool not null default true);
create table plan (id text primary key, monthly_cents int not null);
create table product_image (id int primary key, product bigint not null references product, url
    text);
create table staff (user_id uuid primary key);
create table customer_order (id bigint primary key generated always as identity,
    customer uuid not null default auth.uid(), created_at timestamptz not null default now());
create table order_line (customer_order bigint not null references customer_order,
    product bigint not null references product, quantity int not null check (quantity > 0),
    primary key (customer_order, product));
create function is_staff() returns bool
language sql stable security definer set search_path = ''
as $$ select exists (select from app.staff s where s.user_id = auth.uid()) $$;
alter table product enable row level security;
alter table plan enable row level security;
alter table product_image enable row level security;
alter table staff enable row level security;
alter table customer_order enable row level security;
alter table order_line enable row level security;
create policy "Products are public" on product for select using (true);
create policy "Plans are public" on plan for select to anon, authenticated using (true);
create policy "Images are public" on product_image for select using (true);
create policy "Staff edits products" on product to authenticated
    using (is_staff()) with check (is_staff());
create policy "Staff edits images" on product_image to authenticated
    using (is_staff()) with check (is_staff());
create policy "Own row" on staff for select to authenticated using (user_id = (select auth.uid()));
create policy "Customers read their orders" on customer_order for select to authenticated
    using (customer = auth.uid());
create policy "Customers order" on customer_order for insert to authenticated
    with check (customer = auth.uid());
create policy "Staff reads orders" on customer_order for select to authenticated using (is_staff());
create policy "Customers read their lines" on order_line for select to authenticated
    using (exists (select from customer_order o
                    where o.id = order_line.customer_order and o.customer = auth.uid()));
create policy "Customers add lines" on order_line for insert to authenticated
    with check (exists (select from customer_order o
                         where o.id = order_line.customer_order and o.customer = auth.uid()));
