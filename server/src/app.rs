//! What is shared, wired once: definitions, store, interactions, and the HTTP side in front of them.

mod limits;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::accounts::{Administration, Vault};
use crate::audit::{AuditKey, AuditSource, HeadFile};
use crate::auth::{Access, Grant, Pace, Paces, Reason};
use crate::config::{Auth, CodeSource, Config, ConsentDefault, IdTokenAlgorithm};
use crate::context::{Handling, Limits, RequestContext, ReturnPreference, now};
use crate::definitions::{self, CurrentDefinitions, Definitions, PackageList};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{self, Admission, Parts, Perform, Readiness, Refused};
use crate::identity::{self, Demonstration, FirstToken, Identity};
use crate::import::{Imported, Importer};
use crate::interactions::capabilities::{Capabilities, Software};
use crate::interactions::{Interactions, Remembered};
use crate::jobs;
use crate::load::{Loaded, Loader};
use crate::messages::Messages;
use crate::operations;
use crate::store::{
    AuditTrail, Reclaimed, SigningAlgorithm, Store, StoreSettings, make_serve_role, migrate,
    wait_until_reachable,
};

/// How long an external database may take to answer at the start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything that serves requests, without a listener.
#[derive(Clone, Debug)]
pub struct App {
    interactions: Interactions,
    limits: Arc<Limits>,
    base_url: Arc<str>,
    definitions_from: Arc<definitions::Settings>,
    messages: Messages,
}

impl App {
    /// Reads the definitions, migrates the database and connects to it.
    /// `serve` gives the address at which it connects as a role of its own, where it knows one.
    pub async fn start(
        config: &Config,
        database_url: &str,
        serve_url: Option<&str>,
        base_url: &str,
    ) -> Result<Self> {
        let settings = definitions::Settings {
            packages_dir: config.packages_dir.clone(),
            data_dir: config.data_dir.clone(),
            packages: package_list(config.packages_list.as_deref())?,
        };
        let full_text = config.limits.full_text;
        let definitions_from = Arc::new(settings.clone());
        let validation = config.validation.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let loaded = definitions::load(&settings).map_err(unusable)?;
            tracing::info!(origin = ?loaded.origin, elapsed_ms = loaded.elapsed.as_millis(), "definitions read");
            let definitions = Definitions::new(loaded.definitions).map_err(unusable)?;
            let definitions = definitions.with_full_text(full_text);
            definitions.with_validation(&validation).map_err(unusable)
        });
        wait_until_reachable(database_url, PATIENCE).await?;
        migrate(database_url).await?;
        if serve_url.is_some() {
            make_serve_role(database_url).await?;
        }
        let url = serve_url.unwrap_or(database_url);
        let store = Store::connect(url, &store_settings(config)?).await?;
        let built_in = Arc::new(reading.await.map_err(Error::internal)??);
        let current = Arc::new(CurrentDefinitions::new(built_in));
        store.adopt(&current).await?;
        let operations = Arc::new(operations::all().map_err(unusable)?);
        let limits = Arc::new(limits::limits(config));
        let capabilities = Arc::new(capabilities(&limits, base_url, config));
        let interactions = Interactions {
            accounts: None,
            definitions: current.now(),
            current,
            store,
            operations,
            capabilities,
            reads_open: config.audit.audit_reads_open,
            owners: Arc::default(),
            consents_close: config.access.consent_default == ConsentDefault::Deny,
        };
        Ok(Self {
            interactions,
            limits,
            base_url: base_url.into(),
            definitions_from,
            messages: Messages::of(&config.messages, reply_page(config, base_url))?,
        })
    }

    /// What performs interactions.
    pub fn interactions(&self) -> &Interactions {
        &self.interactions
    }

    /// Says loudly what stands against the audit trail: that there is none, or that this process could change it.
    pub async fn warn_of_trail(&self) -> Result<()> {
        let store = &self.interactions.store;
        if !store.is_audited() {
            tracing::warn!("VESTA_AUDIT=off: nothing that is done here is recorded");
        } else if store.may_change_trail().await? {
            tracing::warn!(
                "the role of VESTA_DATABASE_URL may change the audit trail: create the role vesta_serve in that database \
                 (create role vesta_serve login password '…'), run `vesta migrate` as the owner, and name vesta_serve \
                 in the VESTA_DATABASE_URL of serve"
            );
        }
        Ok(())
    }

    /// A context for work that no request asked for.
    pub fn context(&self, reason: Reason) -> RequestContext {
        RequestContext::new(
            Access::system(reason),
            uuid::Uuid::now_v7().to_string().into(),
            Arc::clone(&self.base_url),
            Handling::Strict,
            ReturnPreference::Minimal,
            Arc::clone(&self.limits),
        )
    }

    /// Loads Bundles into a database that holds nothing yet, and answers what it loaded.
    pub async fn load_when_empty(&self, path: &Path) -> Result<Vec<Loaded>> {
        self.loader().load_when_empty(path).await.map_err(unusable)
    }

    /// Whether the database began with Bundles that were loaded because it was empty.
    pub async fn began_with_bundles(&self) -> Result<bool> {
        self.loader().began_with_bundles().await.map_err(unusable)
    }

    /// Adds the accounts of a demonstration, and a token for the first requests.
    pub async fn demonstrate(
        &self,
        config: &Config,
        demonstration: &Demonstration,
    ) -> Result<FirstToken> {
        let vault = Vault::of_file(&config.identity_key_file())?;
        let administration = Administration::new(self.interactions.store.clone(), vault);
        administration.demonstrate(demonstration, now()).await
    }

    /// Loads Bundles, their dates shifted to today.
    pub async fn load(&self, paths: &[PathBuf]) -> Result<Vec<Loaded>> {
        self.loader().load(paths).await.map_err(unusable)
    }

    /// Imports a code system from the files of its publisher.
    pub async fn import_codes(&self, source: &CodeSource) -> Result<Imported> {
        let importer = Importer {
            interactions: &self.interactions,
            base_url: Arc::clone(&self.base_url),
            limits: Arc::clone(&self.limits),
        };
        importer.import(source).await.map_err(unusable)
    }

    fn loader(&self) -> Loader<'_> {
        Loader {
            interactions: &self.interactions,
            base_url: Arc::clone(&self.base_url),
            limits: Arc::clone(&self.limits),
        }
    }

    /// Computes the search values of all resources anew.
    pub async fn reindex(&self) -> Result<()> {
        jobs::reindex(
            &self.interactions.store,
            &self.interactions.current,
            &self.context(Reason::Job),
        )
        .await
    }

    /// Makes the claims of all Appointments and Slots anew.
    pub async fn reclaim(&self) -> Result<Reclaimed> {
        let cx = self.context(Reason::Job);
        self.interactions.store.reclaim(&cx).await
    }

    /// Makes the claims of what was stored before there were any, if nobody has.
    pub async fn claim_if_needed(&self) -> Result<()> {
        let cx = self.context(Reason::Job);
        if let Some(made) = self.interactions.store.claim_if_needed(&cx).await? {
            tracing::info!(
                resources = made.resources,
                claims = made.claims,
                beyond = made.beyond,
                "claims made"
            );
        }
        Ok(())
    }

    /// Does the background jobs until told to stop.
    pub async fn run_jobs(self, stop: CancellationToken) {
        let cx = self.context(Reason::Job);
        let Interactions { store, current, .. } = &self.interactions;
        // Each on the heap: together they are larger than the stack of a thread.
        let jobs: [BoxFuture<'_, ()>; _] = [
            Box::pin(jobs::fill_terminology(store, &self.definitions_from)),
            Box::pin(jobs::clear_imports(store)),
            Box::pin(jobs::keep_indexed(store, current, &cx)),
            Box::pin(jobs::forget_identity(store)),
            Box::pin(jobs::forget_answers(store)),
            Box::pin(jobs::seal_trail(store)),
            Box::pin(jobs::tell_of_openings(store)),
            Box::pin(jobs::keep_holds(store, current, &cx)),
            Box::pin(jobs::keep_waiting(store, current, &cx)),
            Box::pin(jobs::keep_planning(store, current, &cx, &self.messages)),
            Box::pin(jobs::keep_sending(store, current, &cx, &self.messages)),
        ];
        stop.run_until_cancelled(join_all(jobs)).await;
    }

    /// Fills in what packages bring, where no other process has, until told to stop: what every server does.
    pub async fn fill_terminology(self, stop: CancellationToken) {
        let store = &self.interactions.store;
        let work = jobs::fill_terminology(store, &self.definitions_from);
        stop.run_until_cancelled(work).await;
    }

    /// Follows what other servers change, definitions and the stored values, until told to stop.
    pub async fn follow(self, stop: CancellationToken) {
        let Interactions { store, current, .. } = &self.interactions;
        let jobs: [BoxFuture<'_, ()>; _] = [
            Box::pin(jobs::follow_definitions(store, current)),
            Box::pin(jobs::keep_statistics(store)),
        ];
        stop.run_until_cancelled(join_all(jobs)).await;
    }

    /// Ends the connections to the database.
    pub async fn stop(&self) {
        self.interactions.store.close().await;
    }

    /// The HTTP side: routes, health, metrics.
    pub fn router(
        &self,
        config: &Config,
        is_up: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<axum::Router> {
        let (settings, parts) = self.http_parts(config, is_up)?;
        http::router(settings, parts)
    }

    /// The HTTP side of a worker: health and metrics.
    pub fn health_router(
        &self,
        config: &Config,
        is_up: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<axum::Router> {
        let (settings, parts) = self.http_parts(config, is_up)?;
        http::health_router(settings, parts)
    }

    fn http_parts(
        &self,
        config: &Config,
        is_up: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<(http::Settings, Parts)> {
        let settings = http::Settings {
            base_url: Arc::clone(&self.base_url),
            limits: Arc::clone(&self.limits),
            body_bytes_max: usize::try_from(config.limits.body_bytes_max.0)
                .map_err(Error::internal)?,
            request_timeout: Duration::from_secs(config.limits.request_timeout_s),
            requests_max: usize::try_from(config.limits.requests_max).map_err(Error::internal)?,
            keeps_trail: config.is_audited(),
            ihe_error_bundle: config.calendars.ihe_error_bundle,
        };
        let interactions = self.with_accounts(config)?;
        let perform: Perform = Arc::new(move |cx, interaction| {
            let interactions = interactions.clone();
            Box::pin(async move { interactions.perform(&cx, interaction).await })
        });
        let interactions = self.interactions.clone();
        let refused: Refused = Arc::new(move |refused| {
            let interactions = interactions.clone();
            Box::pin(async move { interactions.record_refused(refused).await })
        });
        let store = self.interactions.store.clone();
        let is_up = Arc::new(is_up);
        let readiness: Readiness = Arc::new(move || {
            let (store, is_up) = (store.clone(), Arc::clone(&is_up));
            Box::pin(async move {
                match is_up() && store.is_ready().await {
                    true => Ok(()),
                    false => Err(Error::new(
                        ErrorKind::Unavailable,
                        "the database is not ready",
                    )),
                }
            })
        });
        let admission = match config.auth {
            Auth::Disabled => None,
            Auth::Smart => Some(self.admission(config)?),
        };
        Ok((
            settings,
            Parts {
                perform,
                refused,
                readiness,
                admission,
                structures: self.interactions.definitions.shared_structures(),
            },
        ))
    }
}

impl App {
    /// What performs interactions, those that manage accounts among them where people log in.
    fn with_accounts(&self, config: &Config) -> Result<Interactions> {
        let accounts = match config.auth {
            Auth::Disabled => None,
            Auth::Smart => {
                let vault = Vault::of_file(&config.identity_key_file())?;
                let store = self.interactions.store.clone();
                Some(Arc::new(Administration::new(store, vault)))
            }
        };
        Ok(Interactions {
            accounts,
            ..self.interactions.clone()
        })
    }

    /// What stands before the FHIR API where tokens are asked for.
    fn admission(&self, config: &Config) -> Result<Admission> {
        let app = self.clone();
        let perform: identity::PerformFor = Arc::new(move |grant, address, interaction| {
            let app = app.clone();
            Box::pin(async move {
                let cx = match grant {
                    Some(grant) => app.admitted(grant).await?,
                    None => app.context(Reason::Admission),
                };
                let cx = RequestContext { address, ..cx };
                app.interactions.perform(&cx, interaction).await
            })
        });
        let settings = identity_settings(config, &self.base_url)?;
        let store = self.interactions.store.clone();
        let vault = Vault::of_file(&config.identity_key_file())?;
        let identity = Arc::new(Identity::new(store, settings, vault, perform));
        let (app, admitting) = (self.clone(), Arc::clone(&identity));
        let remembered = Arc::new(Remembered::default());
        Ok(Admission {
            is_page: Identity::is_for_people,
            authorize: Arc::new(move |request| {
                let identity = Arc::clone(&identity);
                Box::pin(async move { identity.answer(request, now()).await })
            }),
            paces: Arc::new(Paces {
                of_client: Pace::of_minute(config.identity.client_requests_per_minute),
                of_user: Pace::of_minute(config.identity.user_requests_per_minute),
                of_address: Pace::of_minute(config.identity.auth_requests_per_minute),
            }),
            admit: Arc::new(move |token, certificate| {
                let (app, identity) = (app.clone(), Arc::clone(&admitting));
                let remembered = Arc::clone(&remembered);
                Box::pin(async move {
                    let Some(held) = identity.grant(&token, certificate, now()).await? else {
                        return Ok(None);
                    };
                    let cx = app.context(Reason::Admission);
                    let interactions = &app.interactions;
                    let access =
                        interactions.admit_again(&cx, held.grant, held.admissions, &remembered);
                    access.await.map(Some)
                })
            }),
        })
    }

    /// A context of whoever holds a grant.
    async fn admitted(&self, grant: Grant) -> Result<RequestContext> {
        let cx = self.context(Reason::Admission);
        let access = self.interactions.admit(&cx, grant).await?;
        Ok(RequestContext { access, ..cx })
    }
}

fn identity_settings(config: &Config, base_url: &Arc<str>) -> Result<identity::Settings> {
    let settings = &config.identity;
    let registration = settings.registration_scopes.as_deref();
    Ok(identity::Settings {
        base_url: Arc::clone(base_url),
        knows_certificates: config.tls_client_authorities.is_some(),
        access_token: SignedDuration::from_secs(settings.access_token_lifetime_s),
        refresh_token: SignedDuration::from_hours(settings.offline_access_days * 24),
        session_idle: SignedDuration::from_secs(settings.session_idle_s),
        session_max: SignedDuration::from_secs(settings.session_max_s),
        allows_internal_fetches: settings.allow_internal_fetches,
        id_tokens: match settings.id_token_algorithm {
            IdTokenAlgorithm::Rs256 => SigningAlgorithm::Rs256,
            IdTokenAlgorithm::Es384 => SigningAlgorithm::Es384,
        },
        registration: registration
            .map(identity::registration_scopes)
            .transpose()?,
        providers: match &config.federation.identity_providers_file {
            Some(path) => identity::Provider::of_file(path)?,
            None => Vec::new(),
        },
    })
}

/// Where patients answer to messages.
fn reply_page(config: &Config, base_url: &str) -> Option<String> {
    match config.auth {
        Auth::Smart => Some(format!("{base_url}{}", identity::REPLY_PAGE)),
        Auth::Disabled => None,
    }
}

/// A start that cannot go on: one line for whoever started it.
fn unusable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal, error.to_string()).caused_by(error)
}

fn package_list(path: Option<&Path>) -> Result<PackageList> {
    match path {
        None => PackageList::shipped().map_err(unusable),
        Some(path) => {
            let unreadable =
                |error| Error::new(ErrorKind::BadValue, format!("{}: {error}", path.display()));
            PackageList::parse(&std::fs::read_to_string(path).map_err(unreadable)?)
                .map_err(unusable)
        }
    }
}

pub(crate) fn store_settings(config: &Config) -> Result<StoreSettings> {
    let limits = &config.limits;
    let audit = match config.is_audited() {
        true => Some(audit_trail(config)?),
        false => None,
    };
    Ok(StoreSettings {
        connections: limits.database_connections,
        tasks: usize::try_from(limits.combine_tasks).unwrap_or(1),
        batch: usize::try_from(limits.combine_batch_max).unwrap_or(1),
        acquire_timeout: Duration::from_secs(limits.database_acquire_timeout_s),
        statement_timeout: Duration::from_secs(limits.request_timeout_s),
        audit,
    })
}

fn audit_trail(config: &Config) -> Result<AuditTrail> {
    let key_file = config.audit_key_file();
    Ok(AuditTrail {
        source: AuditSource {
            node: config.audit.audit_node.as_str().into(),
            site: config.audit.audit_site.as_deref().map(Into::into),
        },
        key: Arc::new(AuditKey::of_file(&key_file).map_err(unusable)?),
        head: Some(HeadFile::beside(&key_file)),
    })
}

fn capabilities(limits: &Limits, base_url: &str, config: &Config) -> Capabilities {
    Capabilities::new(Software {
        version: env!("CARGO_PKG_VERSION"),
        base_url: base_url.into(),
        date: now(),
        deletes_multiple: limits.conditional_delete > 1,
        asks_for_tokens: config.auth == Auth::Smart,
        is_audited: config.is_audited(),
    })
}
