//! The last story: a mistake in a policy is found, a hidden row is explained, and a test that
//! checks too little is caught by a mutant.

use super::coloured;
use super::people::Person;
use crate::error::{Error, Result};
use crate::instances::Running;
use anstream::println;
use postgres::Client;

/// Teams with notes. Whoever is a member reads them, and the policy on members lets a user add
/// anybody's row that names that user.
const TEAMS: &str = "
create table teams (id int primary key, name text not null);
create table members (team int not null references teams, user_id uuid not null, primary key (team, user_id));
create table team_notes (id int primary key, team int not null references teams, body text not null);
alter table teams enable row level security;
alter table members enable row level security;
alter table team_notes enable row level security;
insert into teams values (1, 'red'), (2, 'blue');
insert into members values (1, 'a0000000-0000-4000-8000-00000000000a'), (2, 'b0000000-0000-4000-8000-00000000000b');
insert into team_notes values (1, 1, 'red plans'), (2, 2, 'blue plans');
grant select on teams, team_notes to authenticated;
grant select, insert on members to authenticated;
create policy own_rows on members for select to authenticated using (user_id = auth.uid());
create policy join_team on members for insert to authenticated with check (user_id = auth.uid());
create policy of_members on team_notes for select to authenticated using (
    exists (select from members m where m.team = team_notes.team and m.user_id = auth.uid()));
create policy of_members on teams for select to authenticated using (
    exists (select from members m where m.team = teams.id and m.user_id = auth.uid()));
select authguard.guard_table('teams');
select authguard.guard_table('members');
select authguard.guard_table('team_notes');
";

/// The rule that finds the mistake.
const RULE: &str = "self_granted_membership";

/// Runs the story.
pub fn tell(server: &Running) -> Result<()> {
    let mut admin = server.connect("postgres")?;
    admin.batch_execute(TEAMS)?;
    println!(
        "
Who writes policies. Members of a team read its notes; members is a table that clients insert into,
with check (user_id = auth.uid()). Nobody can add anybody but themselves, so what is wrong?
"
    );
    find_the_mistake(&mut admin)?;
    explain_the_row(&mut admin)?;
    kill_the_mutant(&mut admin)
}

fn find_the_mistake(admin: &mut Client) -> Result<()> {
    let find = format!(
        "select level, object, coalesce(policy::text, ''), problem
           from authguard.lint(rules => '{{{RULE}}}') where object ~ 'members'"
    );
    let Some(finding) = admin.query_opt(&find, &[])? else {
        return Err(Error::new("lint has not found the mistake"));
    };
    let [level, object, policy, problem] = [0, 1, 2, 3].map(|at| finding.get::<_, String>(at));
    println!("authguard.lint()");
    println!(
        "    {} {RULE}, {object}, policy {policy}",
        coloured(&level, false)
    );
    println!("    {problem}");
    admin.batch_execute(
        "drop policy join_team on members; revoke insert on members from authenticated",
    )?;
    match admin.query_opt(&find, &[])? {
        None => println!(
            "    Only the backend adds members now: lint is {}",
            coloured("silent", true)
        ),
        Some(_) => return Err(Error::new("lint still finds the mistake")),
    }
    Ok(())
}

fn explain_the_row(admin: &mut Client) -> Result<()> {
    let ask = format!(
        "select gate || coalesce(' ' || name, ''), coalesce(clause, ''), result, coalesce(note, '')
           from authguard.explain_access('team_notes', 'select', '{{\"id\": 2}}', '{}', 'authenticated')
          order by step",
        Person::ada().token()?.claims
    );
    println!(
        "\nAda does not see note 2. authguard.explain_access('team_notes', 'select', '{{\"id\": 2}}', …)"
    );
    let steps = admin.query(&ask, &[])?;
    for step in &steps {
        let [gate, clause, result, note] = [0, 1, 2, 3].map(|at| step.get::<_, String>(at));
        let is_in = ["true", "allowed"].contains(&result.as_str());
        let clause = clause.split_whitespace().collect::<Vec<_>>().join(" ");
        let clause: String = clause.chars().take(46).collect();
        println!("    {gate:<24} {clause:<46} {}", coloured(&result, is_in));
        if gate == "verdict" {
            println!("    {note}");
            if result != "denied" {
                return Err(Error::new("the row is not hidden"));
            }
        }
    }
    Ok(())
}

/// Two suites of tests against each mutant of the policy on notes: the first asks only what Ada may
/// see, the second also what she may not.
fn kill_the_mutant(admin: &mut Client) -> Result<()> {
    let ada = Person::ada().token()?.claims;
    let visible = format!("authguard.assert_visible('team_notes', '{{\"id\": 1}}', '{ada}')");
    let hidden = format!("authguard.assert_hidden('team_notes', '{{\"id\": 2}}', '{ada}')");
    let mutants: Vec<(String, String)> = admin
        .query(
            "select mutation, apply from authguard.policy_mutants('public')
              where relation = 'team_notes'::regclass and policy = 'of_members' order by mutant",
            &[],
        )?
        .iter()
        .map(|mutant| (mutant.get(0), mutant.get(1)))
        .collect();
    println!(
        "\nA test says that Ada sees note 1. Would it notice a policy that lets in everybody?"
    );
    let mut survivors = Vec::new();
    for (suite, tests) in [
        ("one test", vec![&visible]),
        (
            "with a second one, that she does not see note 2",
            vec![&visible, &hidden],
        ),
    ] {
        let mut alive = Vec::new();
        for (mutation, apply) in &mutants {
            if survives(admin, apply, &tests)? {
                alive.push(mutation.as_str());
            }
        }
        let killed = mutants.len() - alive.len();
        let score = format!("{killed} of {} mutants killed", mutants.len());
        println!("    {suite}: {}", coloured(&score, alive.is_empty()));
        for mutation in &alive {
            println!("        survives: {mutation}");
        }
        survivors.push(alive.len());
    }
    match survivors[..] {
        [first, second] if second < first => Ok(()),
        _ => Err(Error::new("the second test has killed no mutant")),
    }
}

/// Returns true if all tests pass with a mutant in the place of the policy.
fn survives(admin: &mut Client, apply: &str, tests: &[&String]) -> Result<bool> {
    let mut tried = admin.transaction()?;
    tried.batch_execute(apply)?;
    let mut all = true;
    for test in tests {
        let line: String = tried.query_one(&format!("select {test}"), &[])?.get(0);
        all &= line.starts_with("ok");
    }
    tried.rollback()?;
    Ok(all)
}
