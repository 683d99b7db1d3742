//! How a search is answered, for operators.

/// The ways of a search and what they did.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Statements run.
    pub statements: Vec<ExplainedStatement>,
}

/// One statement of a search.
#[derive(Clone, Debug)]
pub struct ExplainedStatement {
    /// The text.
    pub sql: String,
}
