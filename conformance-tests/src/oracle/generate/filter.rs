//! Random filters and words: what `_filter`, `_text` and `_content` are given.

use super::super::content;
use super::super::data::DATES;
use super::super::dice::Dice;
use super::super::filter::Filter;
use super::super::folding::fold;
use super::super::narrative::plain_words;
use super::super::query::Clause;
use super::super::value::Value;
use super::Maker;

impl Maker<'_> {
    /// A condition by `_filter`.
    pub(super) fn filter(&self, dice: &mut Dice, kind: &str, depth: usize) -> Option<Clause> {
        let filter = self.one_filter(dice, kind, depth)?;
        Some(Clause {
            code: "_filter".to_owned(),
            values: vec![filter.to_string()],
            filter: Some(filter),
            ..Clause::default()
        })
    }

    fn one_filter(&self, dice: &mut Dice, kind: &str, depth: usize) -> Option<Filter> {
        let roll = dice.roll(10);
        if depth > 0 && roll < 5 {
            let mut part = || self.one_filter(dice, kind, depth - 1).map(Box::new);
            return Some(match roll {
                0 | 1 => Filter::And(part()?, part()?),
                2 | 3 => Filter::Or(part()?, part()?),
                _ => Filter::Not(part()?),
            });
        }
        let code = self.code(dice, kind, |one| {
            ["string", "token", "date", "number", "reference"].contains(&one.kind.as_str())
                && self.has(&one.kind)
        });
        let (_, value) = self.some_value(dice, kind, &code)?;
        let test = |operator: &str, value: String, quoted| Filter::Test {
            code: code.clone(),
            operator: operator.to_owned(),
            value,
            quoted,
        };
        if dice.chance(15) {
            return Some(test("pr", dice.pick(&["true", "false"]).to_owned(), false));
        }
        match value {
            Value::Text(text) => {
                let length = 1 + dice.roll(text.chars().count());
                let piece: String = text.chars().take(length).collect();
                let is_plain = !fold(&piece).is_empty()
                    && piece.trim() == piece
                    && !piece.contains(['\\', '"']);
                let operator = dice.pick(&["co", "sw", "ew"]);
                is_plain.then(|| test(operator, piece, true))
            }
            Value::Token(token) => {
                let mut code = token.code.filter(|code| is_plain(code))?;
                if dice.chance(20) {
                    code = code.to_uppercase();
                }
                let system = token
                    .system
                    .filter(|system| is_plain(system) && dice.chance(60));
                Some(test(
                    "eq",
                    system.map_or(code.clone(), |system| format!("{system}|{code}")),
                    false,
                ))
            }
            Value::Span(_) => {
                let date = dice.pick(&DATES[..13]).to_owned();
                Some(test(
                    dice.pick(&["eq", "gt", "lt", "ge", "le", "sa", "eb", "po"]),
                    date,
                    false,
                ))
            }
            Value::Number(range) => {
                let number = range.lower?.to_plain_string();
                Some(test(
                    dice.pick(&["eq", "gt", "lt", "ge", "le"]),
                    number,
                    false,
                ))
            }
            Value::Local(kind, id, _) => Some(test("re", format!("{kind}/{id}"), true)),
            _ => None,
        }
    }

    /// A condition by words of the narrative, or of the whole resource.
    pub(super) fn words(&self, dice: &mut Dice, kind: &str, code: &str) -> Option<Clause> {
        let places = self.world.of_kind(kind);
        let place = *places.get(dice.roll(places.len()))?;
        let json = &self.world.resources[place].json;
        let words = match code {
            "_text" => plain_words(json),
            _ => content::plain_words(json),
        };
        let mut asked: Vec<&str> = Vec::new();
        for _ in 0..=dice.roll(2) {
            asked.push(words.get(dice.roll(words.len()))?);
        }
        let value = asked.join(" ");
        Some(Clause {
            code: code.to_owned(),
            values: vec![value],
            ..Clause::default()
        })
    }
}

/// Of letters that need no quotes in a filter.
fn is_plain(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b":/.-".contains(&byte);
    text.starts_with(|letter: char| letter.is_ascii_alphabetic()) && text.bytes().all(fits)
}
