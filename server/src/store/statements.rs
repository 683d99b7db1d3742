//! The static statements, listed once; a test prepares every one against the migrated database.

use super::search::Slotted;

macro_rules! statements {
    (
        confined { $($slotted:ident = $slotted_file:literal;)* }
        $($name:ident = $file:literal;)*
    ) => {
        $(pub(super) const $slotted: Slotted = Slotted::new(include_str!(concat!("sql/", $slotted_file, ".sql")));)*
        $(pub(super) const $name: &str = include_str!(concat!("sql/", $file, ".sql"));)*

        /// Every statement with its file name.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[
            $(($slotted_file, $slotted.whole()),)*
            $(($file, $name),)*
        ];

        /// Those with a slot for what may be seen.
        #[cfg(test)]
        pub(super) const CONFINED: &[(&str, Slotted)] = &[$(($slotted_file, $slotted),)*];
    };
}

/// Rows of imports; a `COPY` cannot be prepared.
pub(super) const COPY_IMPORT_PIECES: &str =
    "copy import_piece (tid, kind, code, rank, value, words) from stdin";

statements! {
    confined {
        READ_RESOURCES = "read_resources";
        READ_VERSION = "read_version";
        LIST_INSTANCE_HISTORY = "list_instance_history";
        LIST_HISTORY = "list_history";
        LIST_LABELS = "list_labels";
        LIST_REFERRERS = "list_referrers";
        FIND_ABSENT = "find_absent";
    }
    CREATE_RESOURCES = "create_resources";
    PUT_RESOURCES = "put_resources";
    DELETE_RESOURCES = "delete_resources";
    ADD_AUDIT = "add_audit";
    CREATE_SERVE_ROLE = "create_serve_role";
    GRANT_SERVE_ROLE = "grant_serve_role";
    MAY_CHANGE_TRAIL = "may_change_trail";
    MAY_MIGRATE = "may_migrate";
    LIST_AUDIT_EVENTS = "list_audit_events";
    COUNT_AUDIT_EVENTS = "count_audit_events";
    LIST_DISCLOSURES = "list_disclosures";
    LIST_UNSEALED = "list_unsealed";
    LIST_RESTORED_UNSEALED = "list_restored_unsealed";
    READ_CHAIN_HEAD = "read_chain_head";
    ADD_LINKS = "add_links";
    LOCK_SEAL = "lock_seal";
    READ_LAST_CHECKPOINT = "read_last_checkpoint";
    ADD_CHECKPOINT = "add_checkpoint";
    LIST_CHECKPOINTS = "list_checkpoints";
    LIST_LINKS = "list_links";
    LIST_WAITING = "list_waiting";
    COUNT_WAITING = "count_waiting";
    FIND_COPIED = "find_copied";
    READ_CHAIN_RANGE = "read_chain_range";
    FIND_UNLINKED = "find_unlinked";
    COUNT_UNSEALED = "count_unsealed";
    LIST_JUDGED_ROWS = "list_judged_rows";
    LIST_CENTERS = "list_centers";
    LOCK_RESOURCES = "lock_resources";
    LIST_CHANGES = "list_changes";
    READ_HORIZON = "read_horizon";
    FIND_REFERRERS = "find_referrers";
    LOCK_CRITERIA = "lock_criteria";
    LIST_BUSY = "list_busy";
    ADD_PROPOSALS = "add_proposals";
    READ_PROPOSAL = "read_proposal";
    ADD_BREAK_GLASS = "add_break_glass";
    END_BREAK_GLASS = "end_break_glass";
    LIST_BREAK_GLASS = "list_break_glass";
    LIST_MARKED_PATIENTS = "list_marked_patients";
    LIST_CONSENT_PROVISIONS = "list_consent_provisions";
    DROP_CLAIMS_LEFT = "drop_claims_left";
    READ_ACTORS = "read_actors";
    LIST_CALENDARS = "list_calendars";
    ADD_SELF_BOOKED = "add_self_booked";
    COUNT_SELF_BOOKED = "count_self_booked";
    CLAIM_TIME = "claim_time";
    FORCE_BLOCKS = "force_blocks";
    DROP_FORCED_BLOCKS = "drop_forced_blocks";
    LIST_FORCED_BLOCKS = "list_forced_blocks";
    LIST_MEETING = "list_meeting";
    KEEP_CALENDAR_LINK = "keep_calendar_link";
    READ_CALENDAR_LINK = "read_calendar_link";
    ADD_REPLY_LINK = "add_reply_link";
    READ_REPLY_LINK = "read_reply_link";
    DROP_CALENDAR_LINK = "drop_calendar_link";
    KEEP_SLOTS = "keep_slots";
    KEEP_CALENDARS = "keep_calendars";
    LIST_SLOT_CALENDARS = "list_slot_calendars";
    LIST_CALENDARS_OF = "list_calendars_of";
    LIST_SLOTS = "list_slots";
    LIST_PUBLISHED_SLOTS = "list_published_slots";
    LOCK_HOLDER = "lock_holder";
    LOCK_PASSING = "lock_passing";
    LIST_DEPENDENTS = "list_dependents";
    KEEP_HOLD = "keep_hold";
    ADD_VISIT_NEWS = "add_visit_news";
    TAKE_VISIT_NEWS = "take_visit_news";
    DROP_VISIT_NEWS = "drop_visit_news";
    POSTPONE_VISIT_NEWS = "postpone_visit_news";
    LIST_MESSAGES = "list_messages";
    ADD_MESSAGE = "add_message";
    TAKE_MESSAGE = "take_message";
    LOCK_MESSAGE = "lock_message";
    KEEP_MESSAGE = "keep_message";
    DROP_MESSAGE = "drop_message";
    READ_MESSAGE_OVER = "read_message_over";
    NOTE_SENDER = "note_sender";
    HAS_SENDER = "has_sender";
    ADD_FREED_TIME = "add_freed_time";
    TAKE_FREED_TIME = "take_freed_time";
    DROP_FREED_TIME = "drop_freed_time";
    HALVE_FREED_TIME = "halve_freed_time";
    POSTPONE_FREED_TIME = "postpone_freed_time";
    ADD_WAITLIST_OFFER = "add_waitlist_offer";
    READ_WAITLIST_ENTRY = "read_waitlist_entry";
    IS_OFFERED = "is_offered";
    LOCK_WAITING = "lock_waiting";
    END_HOLDS = "end_holds";
    COUNT_HOLDS = "count_holds";
    HOLDS_OVER = "holds_over";
    MARK = "mark";
    BACK_TO_MARK = "back_to_mark";
    READ_HOLD = "read_hold";
    LOCK_CALL = "lock_call";
    READ_ANSWER = "read_answer";
    ADD_ANSWER = "add_answer";
    FORGET_ANSWERS = "forget_answers";
    READ_SETTING = "read_setting";
    WRITE_SETTING = "write_setting";
    IS_EMPTY = "is_empty";
    READ_GENERATION = "read_generation";
    LIST_PROFILES = "list_profiles";
    LIST_SEARCH_PARAMETERS = "list_search_parameters";
    LIST_SEARCH_INDEX = "list_search_index";
    DECLARE_SEARCH_INDEX = "declare_search_index";
    ADOPT_DEFINITIONS = "adopt_definitions";
    BEGIN_INDEX_WALK = "begin_index_walk";
    NOTE_INDEX_WALK = "note_index_walk";
    FINISH_INDEX_WALK = "finish_index_walk";
    LOCK_INDEX_WALK = "lock_index_walk";
    REINDEX_RESOURCES = "reindex_resources";
    WALK_RESOURCES = "walk_resources";
    LIST_VALUE_SETS = "list_value_sets";
    LIST_CODE_SYSTEMS = "list_code_systems";
    LIST_CONCEPTS = "list_concepts";
    FIND_CONCEPTS = "find_concepts";
    LIST_CONCEPTS_BELOW = "list_concepts_below";
    LIST_CONCEPTS_HAVING = "list_concepts_having";
    READ_TERMINOLOGY_STATE = "read_terminology_state";
    BEGIN_PACKAGE_TERMINOLOGY = "begin_package_terminology";
    FINISH_PACKAGE_TERMINOLOGY = "finish_package_terminology";
    ADD_TERMINOLOGY = "add_terminology";
    ADD_PACKAGE_DEFINITIONS = "add_package_definitions";
    CLEAR_PACKAGE_DEFINITIONS = "clear_package_definitions";
    FIND_PACKAGE_DEFINITIONS = "find_package_definitions";
    READ_PACKAGE_DEFINITION = "read_package_definition";
    LIST_KNOWN_SYSTEMS = "list_known_systems";
    FIND_MAPPINGS = "find_mappings";
    LIST_CONCEPT_MAPS = "list_concept_maps";
    BEGIN_CLOSURE = "begin_closure";
    ADD_CLOSURE = "add_closure";
    LIST_CLOSURE = "list_closure";
    LIST_CLOSURE_SYSTEMS = "list_closure_systems";
    BEGIN_CODE_IMPORT = "begin_code_import";
    NOTE_CODE_IMPORT = "note_code_import";
    ABANDON_CODE_IMPORT = "abandon_code_import";
    ARRANGE_CODE_IMPORT = "arrange_code_import";
    BUILD_CODE_IMPORT = "build_code_import";
    FINISH_CODE_IMPORT = "finish_code_import";
    IS_CODE_IMPORT_USED = "is_code_import_used";
    LOCK_CODE_IMPORT = "lock_code_import";
    UNLOCK_CODE_IMPORT = "unlock_code_import";
    LIST_CODE_IMPORTS_LEFT = "list_code_imports_left";
    CLAIM_CODE_IMPORT = "claim_code_import";
    CLEAR_CODE_IMPORT = "clear_code_import";
    SET_PATIENCE = "set_patience";
    DESCRIBE_BACKUP_SERVER = "describe_backup_server";
    LIST_BACKUP_MIGRATIONS = "list_backup_migrations";
    LIST_BACKUP_TABLES = "list_backup_tables";
    LIST_BACKUP_SEQUENCES = "list_backup_sequences";
    SET_BACKUP_SEQUENCE = "set_backup_sequence";
    ADD_IDENTITY_CLIENT = "add_identity_client";
    ADD_IDENTITY_CODE = "add_identity_code";
    ADD_IDENTITY_DEPARTURE = "add_identity_departure";
    ADD_IDENTITY_GRANT = "add_identity_grant";
    ADD_IDENTITY_KEY = "add_identity_key";
    ADD_IDENTITY_LAUNCH = "add_identity_launch";
    ADD_IDENTITY_PASSKEY = "add_identity_passkey";
    ADD_IDENTITY_RECOVERY_CODES = "add_identity_recovery_codes";
    ADD_IDENTITY_TOKEN = "add_identity_token";
    ADD_IDENTITY_USER = "add_identity_user";
    BEGIN_IDENTITY_ATTEMPT = "begin_identity_attempt";
    BEGIN_IDENTITY_CEREMONY = "begin_identity_ceremony";
    BEGIN_IDENTITY_SESSION = "begin_identity_session";
    END_IDENTITY_ATTEMPT = "end_identity_attempt";
    END_IDENTITY_CEREMONY = "end_identity_ceremony";
    END_IDENTITY_DEPARTURE = "end_identity_departure";
    END_IDENTITY_GRANT = "end_identity_grant";
    END_IDENTITY_LAUNCH = "end_identity_launch";
    END_IDENTITY_SESSION = "end_identity_session";
    FORGET_IDENTITY = "forget_identity";
    KEEP_IDENTITY_FEDERATED_USER = "keep_identity_federated_user";
    LIST_IDENTITY_CLIENTS = "list_identity_clients";
    LIST_IDENTITY_GRANTS = "list_identity_grants";
    LIST_IDENTITY_KEYS = "list_identity_keys";
    LIST_IDENTITY_PASSKEYS = "list_identity_passkeys";
    LIST_IDENTITY_USERS = "list_identity_users";
    LOCK_IDENTITY_PERSON = "lock_identity_person";
    LOCK_IDENTITY_USER = "lock_identity_user";
    READ_IDENTITY_CLIENT = "read_identity_client";
    READ_IDENTITY_FEDERATED_USER = "read_identity_federated_user";
    READ_IDENTITY_GRANT = "read_identity_grant";
    READ_IDENTITY_LAUNCH = "read_identity_launch";
    READ_IDENTITY_SESSION = "read_identity_session";
    READ_IDENTITY_TOKENS = "read_identity_tokens";
    READ_IDENTITY_USER = "read_identity_user";
    READ_IDENTITY_REUSED = "read_identity_reused";
    READ_IDENTITY_REFRESH_CLIENT = "read_identity_refresh_client";
    REMOVE_IDENTITY_CLIENT = "remove_identity_client";
    REMOVE_IDENTITY_PASSKEY = "remove_identity_passkey";
    REVOKE_IDENTITY_GRANTS = "revoke_identity_grants";
    REVOKE_IDENTITY_TOKEN = "revoke_identity_token";
    SET_IDENTITY_PASSWORD = "set_identity_password";
    SET_IDENTITY_TOTP = "set_identity_totp";
    USE_IDENTITY_ASSERTION = "use_identity_assertion";
    USE_IDENTITY_CODE = "use_identity_code";
    USE_IDENTITY_PASSKEY = "use_identity_passkey";
    USE_IDENTITY_RECOVERY_CODE = "use_identity_recovery_code";
    USE_IDENTITY_REFRESH = "use_identity_refresh";
    USE_IDENTITY_STEP = "use_identity_step";
}
