-- finds: nothing
-- The check of the link asks for the file's owner, in each of the usual ways.
create table files (id bigint primary key, owner uuid, body text);
create table shares (file_id bigint references files, shared_by uuid, shared_with uuid);
create table links (file_id bigint references files, by_user uuid, for_user uuid);
create table grants (file_id bigint references files, by_user uuid, for_user uuid);
alter table files enable row level security;
alter table shares enable row level security;
alter table links enable row level security;
alter table grants enable row level security;
create function owns(f bigint) returns boolean
language sql stable security definer set search_path = app as
$$ select exists (select 1 from files where id = f and owner = auth.uid()) $$;
create function opaque(f bigint) returns boolean language plpgsql stable security definer
    set search_path = app, pg_temp as
$$ declare r record; begin for r in select 1 loop return true; end loop; return false; end $$;
create policy share on shares for insert to authenticated with check (
    shared_by = auth.uid()
    and exists (select 1 from files f where f.id = shares.file_id and f.owner = auth.uid()));
create policy link on links for insert to authenticated
    with check (by_user = auth.uid() and owns(file_id));
create policy give on grants for insert to authenticated
    with check (by_user = auth.uid() and opaque(file_id));
create policy own on files to authenticated using (owner = auth.uid());
create policy shared on files for select to authenticated using (
    exists (select 1 from shares s where s.file_id = files.id and s.shared_with = auth.uid())
    or exists (select 1 from links l where l.file_id = files.id and l.for_user = auth.uid())
    or exists (select 1 from grants g where g.file_id = files.id and g.for_user = auth.uid()));
