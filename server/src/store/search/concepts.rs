//! Conditions on concepts as SQL: how many there are, and some of them in their order
//! (server/decisions/0041-pages-of-expansions.md).

use fhir::terminology::condition::{Condition, Words};
use fhir::terminology::knowledge::Slice;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};

use super::statement::Statement;
use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;

/// Concepts that are counted at most.
const COUNTED_MAX: i64 = 1_000_000;

/// Signs of a value that the index of properties has.
const INDEXED: usize = 128;

/// How many concepts of a code system a condition holds for, nothing where they are too many; with the state of the
/// tables.
pub(in crate::store) async fn count_concepts(
    pool: &PgPool,
    tid: i64,
    condition: &Condition,
) -> Result<(i64, Option<usize>)> {
    let mut statement = Statement::new();
    statement.push("select s.revision, (select count(*) from (select c.place from ");
    push_source(&mut statement, tid, condition, None);
    statement
        .push(" limit ")
        .integer(COUNTED_MAX + 1)
        .push(") found) as count from terminology_state s");
    let row = statement.build().fetch_one(pool).await.map_err(from_sqlx)?;
    let count: i64 = row.try_get("count").map_err(from_sqlx)?;
    let revision = row.try_get("revision").map_err(from_sqlx)?;
    let count = Some(count).filter(|count| *count <= COUNTED_MAX);
    let count = count.map(usize::try_from).transpose();
    Ok((revision, count.map_err(Error::internal)?))
}

/// Concepts of a code system that a condition holds for, as rows of `concept_row`, each with the state of the tables.
pub(in crate::store) async fn list_slice(
    pool: &PgPool,
    tid: i64,
    slice: &Slice,
) -> Result<Vec<PgRow>> {
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let mut statement = Statement::new();
    statement.push(
        "select s.revision, c.detail::text as detail, c.parents, c.ancestors, c.has_children from terminology_state s \
         left join lateral (with found as materialized (select c.place from ",
    );
    let last = number(slice.offset.saturating_add(slice.count));
    push_source(&mut statement, tid, &slice.condition, Some(last));
    let passed_over = match slice.condition == Condition::EVERY {
        // Places are numbers without gaps.
        true => " and c.place > ",
        false => " offset ",
    };
    if slice.condition == Condition::EVERY {
        statement.push(passed_over).integer(number(slice.offset));
    }
    statement
        .push(" order by c.place limit ")
        .integer(number(slice.count));
    if slice.condition != Condition::EVERY {
        statement.push(passed_over).integer(number(slice.offset));
    }
    statement
        .push(") select r.detail, r.parents, r.ancestors, r.has_children, r.place from found join concept_row r on r.tid = ")
        .integer(tid)
        .push(" and r.place = found.place) c on true order by c.place");
    statement.build().fetch_all(pool).await.map_err(from_sqlx)
}

/// `… c where …`: what is below a code is read off the hierarchy, which is in order, up to the last that is wanted; all
/// else is asked of it.
fn push_source(statement: &mut Statement, tid: i64, condition: &Condition, last: Option<i64>) {
    let all = match condition {
        Condition::All(list) => list.as_slice(),
        other => std::slice::from_ref(other),
    };
    let lead = all.iter().find_map(|one| match one {
        Condition::Below { code, with_itself } => Some((one, code, *with_itself)),
        _ => None,
    });
    match lead {
        None => {
            statement.push("concept c where c.tid = ").integer(tid);
        }
        Some((_, code, with_itself)) => {
            statement.push("((select a.descendant as place from concept_ancestor a where a.tid = ");
            statement.integer(tid).push(" and a.ancestor = (");
            push_place(statement, tid, code);
            statement.push(")");
            if let Some(last) = last.filter(|_| all.len() == 1) {
                statement
                    .push(" order by a.descendant limit ")
                    .integer(last);
            }
            statement.push(")");
            if with_itself {
                statement.push(" union all (");
                push_place(statement, tid, code);
                statement.push(")");
            }
            match all.len() {
                1 => statement.push(") c where true"),
                _ => statement
                    .push(") b join concept c on c.place = b.place and c.tid = ")
                    .integer(tid)
                    .push(" where true"),
            };
        }
    }
    let lead = lead.map(|(one, _, _)| one);
    for one in all.iter().filter(|one| Some(*one) != lead) {
        statement.push(" and ");
        push_condition(statement, tid, one);
    }
}

/// The place of a code.
fn push_place(statement: &mut Statement, tid: i64, code: &str) {
    statement.push("select t.place from concept t where t.tid = ");
    statement.integer(tid).push(" and lower(t.code) = ");
    statement.text(code.to_ascii_lowercase());
    statement.push(" and t.code = ").text(code);
    statement.push(" order by t.place limit 1");
}

fn push_condition(statement: &mut Statement, tid: i64, condition: &Condition) {
    match condition {
        Condition::All(list) => push_list(statement, tid, list, ("true", " and ")),
        Condition::Any(list) => push_list(statement, tid, list, ("false", " or ")),
        Condition::Not(other) => {
            statement.push("not ");
            push_condition(statement, tid, other);
        }
        Condition::Codes { codes, is_uncased } => push_codes(statement, "c", codes, *is_uncased),
        Condition::Below { code, with_itself } => {
            statement.push("(exists (select from concept_ancestor a where a.tid = ");
            statement
                .integer(tid)
                .push(" and a.descendant = c.place and a.ancestor = (");
            push_place(statement, tid, code);
            statement.push("))");
            if *with_itself {
                statement.push(" or c.place is not distinct from (");
                push_place(statement, tid, code);
                statement.push(")");
            }
            statement.push(")");
        }
        Condition::RightBelow(above) => {
            statement.push("exists (select from concept_ancestor a join concept p on p.tid = a.tid and p.place = a.ancestor");
            statement.push(" where a.is_parent and a.descendant = c.place and a.tid = ");
            statement.integer(tid);
            if let Some(Condition::Codes { codes, is_uncased }) = above.as_deref() {
                statement.push(" and ");
                push_codes(statement, "p", codes, *is_uncased);
            }
            statement.push(")");
        }
        Condition::HasBelow => {
            statement.push(
                "exists (select from concept_ancestor a where a.ancestor = c.place and a.tid = ",
            );
            statement.integer(tid).push(")");
        }
        Condition::Said(property, values) => push_said(statement, tid, property, values.as_deref()),
        Condition::Text(member, values) => {
            statement.push("(c.detail ->> ").text(*member);
            match values {
                None => statement.push(" is not null)"),
                Some(values) => statement
                    .push(" = any (")
                    .texts(texts(values))
                    .push(")) is true"),
            };
        }
        Condition::Withdrawn => {
            statement.push(
                "(c.detail -> 'extension' is not null and (select e.value ->> 'valueCode' from ",
            );
            statement.push("jsonb_array_elements(elements(c.detail -> 'extension')) as e(value) where e.value ->> 'url' = ");
            statement.text(fhir::terminology::condition::STANDARDS_STATUS);
            statement.push(" limit 1) is not distinct from 'withdrawn')");
        }
        Condition::Words(words) => push_words(statement, tid, words),
    }
}

fn push_list(
    statement: &mut Statement,
    tid: i64,
    list: &[Condition],
    (none, between): (&str, &str),
) {
    statement.push("(");
    if list.is_empty() {
        statement.push(none);
    }
    for (place, one) in list.iter().enumerate() {
        if place > 0 {
            statement.push(between);
        }
        push_condition(statement, tid, one);
    }
    statement.push(")");
}

fn push_codes(statement: &mut Statement, of: &str, codes: &[Box<str>], is_uncased: bool) {
    let folded = codes.iter().map(|code| code.to_ascii_lowercase());
    statement.push(format!("(lower({of}.code) = any ("));
    statement.texts(folded.collect()).push(")");
    if !is_uncased {
        statement.push(format!(" and {of}.code = any ("));
        statement.texts(texts(codes)).push(")");
    }
    statement.push(")");
}

fn push_said(statement: &mut Statement, tid: i64, property: &str, values: Option<&[Box<str>]>) {
    statement.push("c.place in (select p.place from concept_property p where p.tid = ");
    statement
        .integer(tid)
        .push(" and p.property = ")
        .text(property);
    if let Some(values) = values {
        // A value that is longer than the key of the index is compared twice.
        let keys = values.iter().map(|one| one.chars().take(INDEXED).collect());
        statement.push(format!(" and left(p.value, {INDEXED}) = any ("));
        statement.texts(keys.collect());
        statement.push(") and p.value = any (");
        statement.texts(texts(values)).push(")");
    }
    statement.push(")");
}

/// Imported texts are found by their words; others are read. Only lower case of ASCII is `lower` here, so the other signs
/// that words may have are folded one by one; a dotted capital I becomes two.
fn push_words(statement: &mut Statement, tid: i64, words: &Words) {
    let imported = "exists (select from code_import i where i.tid = ";
    statement.push("(").push(imported).integer(tid);
    statement.push(") and c.place in (select w.place from concepts_with_words(");
    statement.integer(tid).push(", ").texts(texts(&words.words));
    statement
        .push(") as w(place)) or not ")
        .push(imported)
        .integer(tid);
    statement
        .push(") and not exists (select from unnest(")
        .texts(texts(&words.words));
    statement.push(
        ") as w(word) where strpos(lower(translate(replace(concat_ws(E'\\n', c.code, c.detail ->> 'display', \
         case when c.detail -> 'designation' is not null then (select string_agg(d.value ->> 'value', E'\\n') \
         from jsonb_array_elements(elements(c.detail -> 'designation')) as d(value)) end), \
         U&'\\0130', U&'i\\0307'), ",
    );
    statement.text(&*words.from).push(", ").text(&*words.to);
    statement.push(") collate \"C\"), w.word) = 0))");
}

fn texts(list: &[Box<str>]) -> Vec<String> {
    list.iter().map(|one| one.to_string()).collect()
}
