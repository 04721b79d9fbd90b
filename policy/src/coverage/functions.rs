//! The temporary functions, sequences and tables that count.

/// A clause's function and its two sequences. One counts true and false, the other NULL and errors:
/// the first of each pair in the upper half of the number.
#[derive(Clone, Copy)]
pub(super) struct Counter(pub usize);

/// One in the upper half of a sequence's number.
const UPPER: u64 = 1 << 31;

impl Counter {
    fn function(self) -> String {
        format!("pg_temp.authguard_clause_{}", self.0)
    }

    fn answers(self) -> String {
        format!("pg_temp.authguard_answers_{}", self.0)
    }

    fn others(self) -> String {
        format!("pg_temp.authguard_others_{}", self.0)
    }

    /// The statements that make them. The row has its type, so that columns and the whole row are
    /// what they are in the policy.
    pub fn create(self, table: &str, alias: &str, clause: &str) -> Vec<String> {
        let (function, answers, others) = (self.function(), self.answers(), self.others());
        vec![
            format!(
                "create function {function}({table}) returns pg_catalog.bool \
                 language sql stable begin atomic \
                 select ({clause}) from pg_catalog.unnest(array[$1]) as {alias}; end"
            ),
            format!("grant execute on function {function} to public"),
            format!("create temporary sequence {answers} minvalue 0"),
            format!("create temporary sequence {others} minvalue 0"),
            format!("grant usage, select, update on sequence {answers}, {others} to public"),
        ]
    }
}

/// The function that asks the clauses of an expression. What runs in the clauses, such as policies
/// of other tables, is not counted: the expression itself asks it, too.
pub(super) fn count_function(name: &str, table: &str, counters: &[Counter]) -> String {
    let counted: String = counters
        .iter()
        .map(|counter| {
            let (function, answers, others) =
                (counter.function(), counter.answers(), counter.others());
            format!(
                "    begin
        perform pg_catalog.set_config('policy_coverage.inside', 'on', true);
        answer := {function}($1);
        perform pg_catalog.set_config('policy_coverage.inside', '', true);
        perform case when answer is null then pg_temp.authguard_count('{others}', {UPPER})
                     when answer then pg_temp.authguard_count('{answers}', {UPPER})
                     else pg_temp.authguard_count('{answers}', 1) end;
    exception when others then
        perform pg_temp.authguard_count('{others}', 1);
    end;
"
            )
        })
        .collect();
    format!(
        "create function {name}({table}) returns pg_catalog.bool
language plpgsql stable
as $body$
#variable_conflict use_column
declare
    answer pg_catalog.bool;
begin
    if pg_catalog.current_setting('policy_coverage.inside', true) operator(pg_catalog.=) 'on' then
        return true;
    end if;
{counted}    return true;
end
$body$"
    )
}

/// What is made first: the functions that all use, and the table that refuses a COMMIT.
pub(super) fn guard_functions() -> Vec<String> {
    [
        "create temporary table authguard_coverage (
             number int4, relation oid, policy name, clause text, is_constant bool)",
        "create function pg_temp.authguard_count(regclass, int8) returns int8
         language plpgsql volatile as $body$
begin
    return pg_catalog.setval($1,
        coalesce(pg_catalog.pg_sequence_last_value($1), 0) operator(pg_catalog.+) $2);
end
$body$",
        "create function pg_temp.authguard_asked() returns bool
         language plpgsql volatile as $body$ begin return true; end $body$",
        "grant execute on function pg_temp.authguard_count, pg_temp.authguard_asked to public",
        "create temporary table authguard_coverage_end (number int4)",
        // SET CONSTRAINTS makes the trigger run early: it comes again then, at the latest at
        // COMMIT.
        "create function pg_temp.authguard_refuse_commit() returns trigger
         language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
begin
    if current_query() !~* 'set\\s+constraints' or new.number > 100 then
        raise exception using
            errcode = 'invalid_transaction_state',
            message = 'policy coverage ends with ROLLBACK, not with COMMIT',
            detail = 'The policies count for this transaction only. Nothing of it is kept.';
    end if;
    set constraints pg_temp.authguard_refuse_commit deferred;
    insert into pg_temp.authguard_coverage_end values (new.number + 1);
    return null;
end
$body$",
        "create constraint trigger authguard_refuse_commit
             after insert on pg_temp.authguard_coverage_end
             deferrable initially deferred for each row
             execute function pg_temp.authguard_refuse_commit()",
        "alter table pg_temp.authguard_coverage_end
             enable always trigger authguard_refuse_commit",
        "insert into pg_temp.authguard_coverage_end values (1)",
    ]
    .map(str::to_owned)
    .into()
}

pub(super) const REMEMBER: &str = "
insert into pg_temp.authguard_coverage (number, relation, policy, clause, is_constant)
values ($1::pg_catalog.int4, $2::pg_catalog.oid, $3::pg_catalog.name, $4, $5::pg_catalog.bool)";

/// A clause without sequences has NULL in the place of each number.
pub(super) const COUNTS: &str = "
select c.relation::pg_catalog.text,
       pg_catalog.format('%I.%I', n.nspname, r.relname),
       c.policy::pg_catalog.text, c.clause, c.is_constant::pg_catalog.text,
       (a.number operator(pg_catalog.>>) 31)::pg_catalog.text,
       (a.number operator(pg_catalog.&) 2147483647)::pg_catalog.text,
       (o.number operator(pg_catalog.>>) 31)::pg_catalog.text,
       (o.number operator(pg_catalog.&) 2147483647)::pg_catalog.text
  from pg_temp.authguard_coverage c
  join pg_catalog.pg_class r on r.oid operator(pg_catalog.=) c.relation
  join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) r.relnamespace
  left join lateral (
       select coalesce(pg_catalog.pg_sequence_last_value(s.oid), 0) as number
         from (select pg_catalog.to_regclass(pg_catalog.format(
                   'pg_temp.authguard_answers_%s', c.number)) as oid) s
        where s.oid is not null) a on true
  left join lateral (
       select coalesce(pg_catalog.pg_sequence_last_value(s.oid), 0) as number
         from (select pg_catalog.to_regclass(pg_catalog.format(
                   'pg_temp.authguard_others_%s', c.number)) as oid) s
        where s.oid is not null) o on true
 order by n.nspname, r.relname, c.policy, c.number";
