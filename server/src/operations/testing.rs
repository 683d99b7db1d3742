//! A server without HTTP for tests: a fresh database, the product's definitions, all operations. Where there are no FHIR
//! packages and nobody has said where they are, tests say so and pass; definitions that cannot be loaded fail them.
#![expect(
    clippy::disallowed_methods,
    reason = "tests make databases, read the environment and say what they skip"
)]

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::{ParseLimits, Value};
use fhir::resource::Resource;

use super::all;
use crate::accounts::{Administration, Vault};
use crate::auth::{
    Access, Act, Authentication, Grant, LaunchContext, Permissions, Reason, Rights, Rows, Scopes,
    Way,
};
use crate::config::ValidationSettings;
use crate::context::{Handling, Limits, RequestContext, ReturnPreference, SearchLimits};
use crate::definitions::{self, CurrentDefinitions, Definitions, DefinitionsError, PackageList};
use crate::error::Result;
use crate::interactions::capabilities::{Capabilities, Software};
use crate::interactions::route::{RouteRequest, route};
use crate::interactions::{
    CallConditions, Interaction, Interactions, OperationInput, OperationTarget, Outcome,
    ReadConditions, WriteConditions,
};
use crate::store::testing::TestDatabase;

/// A server of one test.
pub(crate) struct World {
    pub(crate) interactions: Interactions,
    pub(crate) cx: RequestContext,
    pub(crate) database: TestDatabase,
}

impl World {
    /// A new world on an empty database.
    pub(crate) async fn new() -> Option<World> {
        Self::held_to(&ValidationSettings::default()).await
    }

    /// A new world that holds these resources.
    pub(crate) async fn with(resources: &[&str]) -> Option<World> {
        let world = Self::new().await?;
        for resource in resources {
            world.put(resource).await;
        }
        Some(world)
    }

    /// A new world whose resources are held to what settings say.
    pub(crate) async fn held_to(settings: &ValidationSettings) -> Option<World> {
        Self::made(settings, false).await
    }

    /// A new world on an empty database, with an audit trail.
    pub(crate) async fn audited() -> Option<World> {
        Self::made(&ValidationSettings::default(), true).await
    }

    async fn made(settings: &ValidationSettings, is_audited: bool) -> Option<World> {
        let definitions = Definitions::clone(&*definitions()?);
        let definitions = Arc::new(definitions.with_validation(settings).unwrap());
        let database = TestDatabase::new().await;
        let store = match is_audited {
            true => database.audited_store().await,
            false => database.store().await,
        };
        let accounts = Administration::new(store.clone(), Vault::of(&[1; 32]).unwrap());
        let software = Software {
            version: "0",
            base_url: BASE.into(),
            date: crate::context::now(),
            deletes_multiple: false,
            asks_for_tokens: false,
            is_audited,
        };
        Some(World {
            interactions: Interactions {
                current: Arc::new(CurrentDefinitions::new(Arc::clone(&definitions))),
                definitions,
                store,
                operations: Arc::new(all().unwrap()),
                capabilities: Arc::new(Capabilities::new(software)),
                reads_open: false,
                owners: Arc::default(),
                consents_close: false,
                accounts: Some(Arc::new(accounts)),
            },
            cx: context(),
            database,
        })
    }

    /// Seals the audit trail as the job does, and signs its head. A transaction of any database of the cluster holds up
    /// what came after it, so it may take a while.
    pub(crate) async fn seal(&self) {
        let store = &self.interactions.store;
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            while store
                .seal(crate::context::now(), 2, false)
                .await
                .unwrap()
                .rows
                > 0
            {}
            let state = store.chain_state(&self.cx, None, None).await.unwrap();
            if state.unsealed == 0 {
                break;
            }
            assert!(tokio::time::Instant::now() < deadline, "{state:?}");
            tokio::task::yield_now().await;
        }
        store.sign_head(crate::context::now()).await.unwrap();
        assert_eq!(store.remember_head().await.unwrap(), None);
    }

    /// The database, for what only SQL shows.
    pub(crate) fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// Takes the database away again.
    pub(crate) async fn close(self) {
        self.interactions.store.close().await;
        drop(self.database);
    }

    /// Stores a resource under the id it carries.
    pub(crate) async fn put(&self, json: &str) -> Outcome {
        self.put_with(&self.cx, json).await
    }

    /// The same, for another request.
    pub(crate) async fn put_with(&self, cx: &RequestContext, json: &str) -> Outcome {
        let resource = Resource::parse(json.to_owned()).unwrap();
        let id = resource.id().unwrap().parse().unwrap();
        let key = ResourceKey::new(resource.resource_type(), id);
        let conditions = WriteConditions::default();
        let update = Interaction::Update {
            key,
            resource,
            conditions,
        };
        self.interactions.perform(cx, update).await.unwrap()
    }

    /// What a create of a resource answers: its text, or the status and sentence of the refusal.
    pub(crate) async fn create(&self, resource: Resource) -> std::result::Result<String, String> {
        let create = Interaction::Create {
            resource_type: resource.resource_type(),
            resource,
            if_none_exist: None,
        };
        said(self.interactions.perform(&self.cx, create).await)
    }

    /// The text of a resource, or the status and sentence of the refusal.
    pub(crate) async fn read(&self, key: &str) -> std::result::Result<String, String> {
        let read = Interaction::Read {
            key: key.parse().unwrap(),
            conditions: ReadConditions::default(),
        };
        said(self.interactions.perform(&self.cx, read).await)
    }

    /// The answer to `GET url`, as HTTP routes it.
    pub(crate) async fn get(&self, url: &str) -> std::result::Result<String, String> {
        self.get_with(&self.cx, url).await
    }

    /// The parameters that `GET url` answers, in brief, or the refusal.
    pub(crate) async fn told(&self, url: &str) -> String {
        let answer = self.get(url).await;
        answer.map_or_else(|refusal| refusal, |parameters| brief(&parameters))
    }

    /// The answer to `GET url` of another request.
    pub(crate) async fn get_with(
        &self,
        cx: &RequestContext,
        url: &str,
    ) -> std::result::Result<String, String> {
        let url = url.strip_prefix(BASE).unwrap_or(url);
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let routed = route(RouteRequest {
            method: &http::Method::GET,
            path,
            query,
            body: None,
            if_match: None,
            if_none_match: None,
            if_none_exist: None,
            if_modified_since: None,
            handling: cx.handling,
        });
        match routed {
            Ok(routed) => said(self.interactions.perform(cx, routed.interaction).await),
            Err(error) => said(Err(error)),
        }
    }

    /// Calls an operation by path, with a Parameters body or without any.
    pub(crate) async fn call(
        &self,
        path: &str,
        body: Option<&str>,
    ) -> std::result::Result<String, String> {
        let conditions = CallConditions::default();
        said(self.call_with(&self.cx, path, body, conditions).await)
    }

    /// The same for another request, with what its headers ask.
    pub(crate) async fn call_with(
        &self,
        cx: &RequestContext,
        path: &str,
        body: Option<&str>,
        conditions: CallConditions,
    ) -> Result<Outcome> {
        let (target, code) = path.split_once('$').unwrap();
        let target = match target.trim_end_matches('/') {
            "" => OperationTarget::System,
            one if one.contains('/') => OperationTarget::Instance(one.parse().unwrap()),
            one => OperationTarget::Type(ResourceType::parse(one).unwrap()),
        };
        let input = match body {
            Some(json) => {
                let body = Resource::parse(json.to_owned()).unwrap();
                OperationInput::Body(Some(body), String::new())
            }
            None => OperationInput::Query(String::new()),
        };
        let operation = Interaction::Operation {
            target,
            code: code.into(),
            input,
            conditions,
        };
        self.interactions.perform(cx, operation).await
    }
}

/// A request of somebody who may do something with all resources of all types: `Practitioner/me`, `Patient/me`.
pub(crate) fn granted(user: Option<&str>, rows: Rows, may: Vec<Act>) -> RequestContext {
    granted_to("app", user, rows, may)
}

/// The same by another client.
pub(crate) fn granted_to(
    client: &str,
    user: Option<&str>,
    rows: Rows,
    may: Vec<Act>,
) -> RequestContext {
    RequestContext {
        access: held_by(grant(client, user), rows, may),
        ..context()
    }
}

/// The same of somebody who has just shown a second factor.
pub(crate) fn granted_just_now(user: &str) -> RequestContext {
    let cx = context();
    let mut grant = grant("app", Some(user));
    grant.authentication.at = cx.now;
    grant.authentication.methods = vec!["otp".into()];
    RequestContext {
        access: held_by(grant, Rows::All, Vec::new()),
        ..cx
    }
}

fn grant(client: &str, user: Option<&str>) -> Grant {
    Grant {
        id: uuid::Uuid::nil(),
        client_id: client.into(),
        user: user.map(|user| user.parse().unwrap()),
        login: None,
        scopes: Scopes::default(),
        launch: LaunchContext::default(),
        purpose: None,
        authentication: Authentication {
            at: jiff::Timestamp::UNIX_EPOCH,
            methods: Vec::new(),
            acr: None,
        },
        expires: jiff::Timestamp::MAX,
    }
}

/// Whoever has a grant may do something with all resources of all types.
pub(crate) fn held_by(grant: Grant, rows: Rows, may: Vec<Act>) -> Access {
    let by_type = ResourceType::all().map(|one| (one, rows.clone())).collect();
    let way = Way {
        resource_type: None,
        permissions: Permissions::ALL,
        filter: Some(Arc::new(by_type)),
        compartments: Vec::new(),
        limits: Arc::default(),
    };
    let rights = Rights {
        ways: vec![way],
        may,
        ..Rights::default()
    };
    Access::granted(grant, rights)
}

const BASE: &str = "http://localhost/fhir";

/// The entries of a Bundle as `mode Type/id`, and its links as `relation url`.
pub(crate) fn entries(bundle: &str) -> (Vec<String>, Vec<(String, String)>) {
    let bundle = Resource::parse(bundle.to_owned()).unwrap();
    let text = |value: Value<'_>, path: &[&str]| {
        let found = value.at(path).and_then(Value::string);
        found.map_or(String::new(), |text| text.into_owned())
    };
    let items = |name| bundle.get(name).into_iter().flat_map(Value::items);
    let entries = items("entry").map(|entry| {
        let kind = text(entry, &["resource", "resourceType"]);
        let id = text(entry, &["resource", "id"]);
        let mode = text(entry, &["search", "mode"]);
        format!("{mode} {kind}/{id}")
            .trim_end_matches('/')
            .to_owned()
    });
    let links = items("link").map(|link| (text(link, &["relation"]), text(link, &["url"])));
    (entries.collect(), links.collect())
}

/// The body of an answer, or status and first sentence of a refusal.
pub(crate) fn said(outcome: Result<Outcome>) -> std::result::Result<String, String> {
    match outcome {
        Ok(outcome) => Ok(String::from_utf8(outcome.body.unwrap_or_default().into()).unwrap()),
        Err(error) => Err(format!("{} {error}", error.status().as_u16())),
    }
}

/// A request that may do everything.
pub(crate) fn context() -> RequestContext {
    let limits = Limits {
        parse: ParseLimits::default(),
        bundle_entries: 5_000,
        page_size: 20,
        page_size_max: 100,
        conditional_delete: 1,
        delete_referenced: false,
        expansion: 10_000,
        fhirpath_steps: 5_000_000,
        self_booked: 2,
        waiting: 3,
        slots: 50,
        slots_read: 20_000,
        published: crate::context::Published::default(),
        search: SearchLimits::default(),
    };
    RequestContext::new(
        Access::system(Reason::AuthDisabled),
        "test".into(),
        BASE.into(),
        Handling::Strict,
        ReturnPreference::Unsaid,
        Arc::new(limits),
    )
}

/// Whether there is no package, and no word that there should be one: `make test` says where they are.
fn are_nowhere(error: &DefinitionsError) -> bool {
    let is_absent = matches!(error, DefinitionsError::Package { fault, .. } if fault.kind() == ErrorKind::NotFound);
    is_absent && std::env::var_os("VESTA_PACKAGES_DIR").is_none()
}

/// The product's definitions, read once by all tests.
pub(crate) fn definitions() -> Option<Arc<Definitions>> {
    static ALL: OnceLock<Option<Arc<Definitions>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let packages_dir = variable("VESTA_PACKAGES_DIR").or_else(|| {
            let cache = variable("XDG_CACHE_HOME");
            let cache = cache.or_else(|| Some(variable("HOME")?.join(".cache")))?;
            Some(cache.join("vesta/packages"))
        })?;
        let settings = definitions::Settings {
            data_dir: packages_dir.clone(),
            packages_dir,
            packages: PackageList::shipped().unwrap(),
        };
        match definitions::load(&settings) {
            Ok(loaded) => Some(Arc::new(Definitions::new(loaded.definitions).unwrap())),
            Err(error) if are_nowhere(&error) => {
                eprintln!("skipped: {error}");
                None
            }
            Err(error) => panic!("the definitions cannot be loaded: {error}"),
        }
    })
    .clone()
}

/// A small code system with a hierarchy, texts in two languages and a concept that is no longer used.
pub(crate) const ANIMALS: &str = r#"{"resourceType":"CodeSystem","id":"animals","url":"http://here/animals","version":"2",
    "name":"Animals","status":"active","content":"complete","caseSensitive":true,"language":"en","valueSet":"http://here/all",
    "property":[{"code":"legs","type":"integer"},{"code":"status","type":"code"},
        {"code":"notSelectable","uri":"http://hl7.org/fhir/concept-properties#notSelectable","type":"boolean"}],
    "concept":[
        {"code":"animal","display":"Animal","property":[{"code":"notSelectable","valueBoolean":true}],"concept":[
            {"code":"dog","display":"Dog","definition":"It barks.","designation":[{"language":"de","value":"Hund"}],
             "property":[{"code":"legs","valueInteger":4}],"concept":[{"code":"poodle","display":"Poodle"}]},
            {"code":"bird","display":"Bird","property":[{"code":"legs","valueInteger":2}],"concept":[
                {"code":"dodo","display":"Dodo","property":[{"code":"status","valueCode":"retired"}]}]}]},
        {"code":"plant","display":"Plant"}]}"#;

/// Value sets of it: all below dog and bird, less the poodle; and one that includes that.
pub(crate) const PETS: &str = r#"{"resourceType":"ValueSet","id":"pets","url":"http://here/pets","version":"1",
    "name":"Pets","status":"active","compose":{"include":[
        {"system":"http://here/animals","filter":[{"property":"concept","op":"is-a","value":"dog"}]},
        {"system":"http://here/animals","concept":[{"code":"bird","display":"Budgie"},{"code":"dodo"}]}],
    "exclude":[{"system":"http://here/animals","concept":[{"code":"poodle"}]}]}}"#;

/// Parameters in one line: names and values, parts in brackets, resources by their type.
pub(crate) fn brief(parameters: &str) -> String {
    let parameters = Resource::parse(parameters.to_owned()).unwrap();
    list(parameters.root(), "parameter")
}

fn list(object: Value<'_>, name: &str) -> String {
    let items = object.get(name).into_iter().flat_map(Value::items);
    let one = |item: Value<'_>| {
        let name = item.get("name").and_then(Value::string).unwrap();
        let mut values = item.members().filter(|(name, _)| name != "name");
        let (member, value) = values.next().unwrap();
        match &*member {
            "part" => format!("{name}({})", list(item, "part")),
            "resource" => {
                let kind = value.get("resourceType").and_then(Value::string);
                format!("{name}={}", kind.unwrap())
            }
            _ => {
                let text = value.primitive().or_else(|| value.get("code")?.string());
                format!("{name}={}", text.unwrap_or_else(|| value.raw().into()))
            }
        }
    };
    items.map(one).collect::<Vec<_>>().join(" ")
}
