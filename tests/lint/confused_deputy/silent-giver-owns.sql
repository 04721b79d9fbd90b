-- finds: nothing
-- The reader asks whether the one who shares owns what is shared.
create table doc (id bigint primary key, owner uuid);
create table share (doc_id bigint references doc, giver uuid, receiver uuid);
alter table doc enable row level security;
alter table share enable row level security;
create policy own on doc to authenticated using (owner = auth.uid());
create policy give on share for insert to authenticated with check (giver = auth.uid());
create policy see on share for select to authenticated using (auth.uid() in (giver, receiver));
create policy given on doc for select to authenticated using (exists (
    select from share s
    where s.doc_id = doc.id and s.giver = doc.owner and s.receiver = auth.uid()));
