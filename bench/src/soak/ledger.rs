//! What writers know: what was acknowledged, and what was under way when the answer stayed away.

/// A resource that was created, by its id and the text that was sent.
#[derive(Clone, Debug)]
pub(super) struct Created {
    pub(super) id: String,
    pub(super) body: String,
}

/// A resource with all its versions, oldest first; `None` is a deletion.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) id: String,
    pub(super) versions: Vec<Option<String>>,
    /// The version whose answer stayed away.
    pub(super) unknown: Option<Option<String>>,
}

/// The Bundles of one writer: each creates resources under a marker and updates one patient, whose n-th version the n-th
/// Bundle makes.
#[derive(Clone, Debug)]
pub(super) struct Bundles {
    pub(super) patient: String,
    pub(super) markers: Vec<String>,
    /// The marker of the Bundle whose answer stayed away.
    pub(super) unknown: Option<String>,
}

/// Everything that writers know.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    pub(super) created: Vec<Created>,
    /// Markers of creates whose answer stayed away.
    pub(super) unknown: Vec<String>,
    pub(super) chains: Vec<Chain>,
    pub(super) bundles: Vec<Bundles>,
    /// Ids of all requests that were acknowledged.
    pub(super) answered: Vec<String>,
}

impl Ledger {
    /// Adds what another knows.
    pub(super) fn append(&mut self, mut other: Self) {
        self.created.append(&mut other.created);
        self.unknown.append(&mut other.unknown);
        self.chains.append(&mut other.chains);
        self.bundles.append(&mut other.bundles);
        self.answered.append(&mut other.answered);
    }

    /// How much that is.
    pub(super) fn summary(&self) -> String {
        let versions: usize = self.chains.iter().map(|chain| chain.versions.len()).sum();
        let bundles: usize = self
            .bundles
            .iter()
            .map(|bundles| bundles.markers.len())
            .sum();
        let unknown = self.unknown.len()
            + self
                .chains
                .iter()
                .filter(|chain| chain.unknown.is_some())
                .count()
            + self
                .bundles
                .iter()
                .filter(|bundles| bundles.unknown.is_some())
                .count();
        format!(
            "acknowledged: {} creates, {versions} versions of {} resources, {bundles} Bundles; {unknown} answers stayed away",
            self.created.len(),
            self.chains.len()
        )
    }
}
