//! What is read of bodies, and what is not.

use super::{Sql, as_expression, select_of, statements, words};

#[test]
fn a_query_of_a_helper_is_read() {
    let text = "select exists (select 1 from app.member m join team t on t.id = m.team_id \
                where m.team_id = $1 and (m.user_id = auth.uid()) -- it's /* mine */\n);";
    let select = select_of(text).expect("it is read");
    let [(Sql::Exists(inner), None)] = select.targets.as_slice() else {
        panic!("{select:?}");
    };
    assert_eq!(inner.from.len(), 2);
    assert_eq!(inner.condition.len(), 2);
}

#[test]
fn a_body_in_plpgsql_is_what_it_returns() {
    let text = "declare r text; begin select role into r from member where id = p; \
                if not found then return false; end if; return r = 'admin'; end;";
    let expr = as_expression(&statements(text).expect("it is read")).expect("it looks things up");
    let Sql::Case(whens, None) = expr else {
        panic!("{expr:?}");
    };
    assert_eq!(whens.len(), 2);
    assert_eq!(whens[0].1, Sql::Constant("false".to_owned()));
}

#[test]
fn what_is_not_understood_is_nothing() {
    for text in [
        "select a from b intersect",
        "select (a",
        "select 'a",
        "select $x$ a",
        "select /* a",
        "delete from a",
        "select f(a => 1)",
        "",
    ] {
        assert_eq!(select_of(text), None, "{text}");
    }
    assert_eq!(statements("return 1"), None);
    for text in [
        "begin loop end loop; return true; end",
        "begin if a then end",
        "begin return true; exception when others then return false; end",
        "begin",
    ] {
        let read = statements(text).expect("its beginning is read");
        assert_eq!(as_expression(&read), None, "{text}");
    }
}

#[test]
fn nothing_that_somebody_writes_takes_long_or_exhausts_the_stack() {
    let many = 10_000;
    for text in [
        format!("select {}1{}", "(".repeat(many), ")".repeat(many)),
        format!("select {}1", "-".repeat(many).replace('-', "- ")),
        format!("select 1{}", "::int".repeat(many)),
        format!("select 1{}", " + 1".repeat(many)),
        format!("select {}true", "not ".repeat(many)),
        format!("select 1{}", " is null".repeat(many)),
        format!("select {}", "case when a then ".repeat(many)),
    ] {
        let _ = select_of(&text);
    }
    let _ = statements(&format!("begin {} end", "if a then ".repeat(many)));
    let doubled = format!("begin {} return a; end", "a := a || a; ".repeat(1_000));
    let doubled = statements(&doubled).expect("it is read");
    assert_eq!(as_expression(&doubled), None);
    assert_eq!(words(&"a ".repeat(100_000)), None);
}
