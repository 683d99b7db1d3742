//! What terminology finds, as a table: the kind of issue, terminology's own kind, and the name that HL7's tools know the
//! sentence by (<https://build.fhir.org/ig/HL7/fhir-tx-ecosystem-ig/>).

use crate::outcome::IssueType;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident: $code:ident, $kind:literal, $message:literal;)*) => {
        /// A rule that codes or definitions break.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule { $($(#[$doc])* $name,)* }

        impl Rule {
            /// The kind of issue.
            pub fn code(self) -> IssueType {
                match self { $(Self::$name => IssueType::$code,)* }
            }

            /// Terminology's own kind.
            pub fn kind(self) -> &'static str {
                match self { $(Self::$name => $kind,)* }
            }

            /// The name of the sentence.
            pub fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }
        }
    };
}

rules! {
    /// A value set is not here.
    UnknownValueSet: NotFound, "not-found", "Unable_to_resolve_value_Set_";
    /// A value set includes itself.
    CyclicValueSet: Processing, "vs-invalid", "VALUESET_CIRCULAR_REFERENCE";
    /// A value set has too many codes.
    TooCostly: TooCostly, "too-costly", "VALUESET_TOO_COSTLY";
    /// A grammar makes the codes, and nobody can list them.
    Endless: TooCostly, "too-costly", "VALUESET_TOO_COSTLY";
    /// A supplement that is needed is not here.
    MissingSupplement: NotFound, "not-found", "VALUESET_SUPPLEMENT_MISSING";
    /// A filter has no value.
    FilterWithoutValue: Invalid, "vs-invalid", "UNABLE_TO_HANDLE_SYSTEM_FILTER_WITH_NO_VALUE";
    /// A filter asks for what is not known here.
    UnknownFilter: NotSupported, "vs-invalid", "FILTER_NOT_UNDERSTOOD";
    /// The regular expression of a filter is none.
    BadRegex: Invalid, "vs-invalid", "INVALID_REGEX";
    /// A code system is not here.
    UnknownSystem: NotFound, "not-found", "UNKNOWN_CODESYSTEM";
    /// A code system that is needed for an expansion is not here.
    UnknownSystemOfExpansion: NotFound, "not-found", "UNKNOWN_CODESYSTEM_EXP";
    /// A version of a code system is not here.
    UnknownVersion: NotFound, "not-found", "UNKNOWN_CODESYSTEM_VERSION";
    /// No version of a code system is here.
    NoVersion: NotFound, "not-found", "UNKNOWN_CODESYSTEM_VERSION_NONE";
    /// A version of a code system that is needed for an expansion is not here.
    UnknownVersionOfExpansion: NotFound, "not-found", "UNKNOWN_CODESYSTEM_VERSION_EXP";
    /// The version of the value set and that of the code differ.
    VersionMismatch: Invalid, "vs-invalid", "VALUESET_VALUE_MISMATCH";
    /// The version that rules make of that of the value set differs from that of the code.
    VersionMismatchByRule: Invalid, "vs-invalid", "VALUESET_VALUE_MISMATCH_CHANGED";
    /// The latest version differs from that of the code.
    VersionMismatchByDefault: Invalid, "vs-invalid", "VALUESET_VALUE_MISMATCH_DEFAULT";
    /// The request does not allow a version.
    VersionCheck: Exception, "version-error", "VALUESET_VERSION_CHECK";
    /// A code is none of its code system.
    UnknownCode: CodeInvalid, "invalid-code", "Unknown_Code_in_Version";
    /// A code is none of the part of its code system that is here.
    UnknownCodeInFragment: CodeInvalid, "invalid-code", "UNKNOWN_CODE_IN_FRAGMENT";
    /// A code is none of the value set.
    NotInValueSet: CodeInvalid, "not-in-vs", "None_of_the_provided_codes_are_in_the_value_set_one";
    /// This one of several codes is none of the value set.
    ThisNotInValueSet: CodeInvalid, "this-code-not-in-vs", "None_of_the_provided_codes_are_in_the_value_set_one";
    /// None of several codes is one of the value set.
    NoneInValueSet: CodeInvalid, "not-in-vs", "TX_GENERAL_CC_ERROR_MESSAGE";
    /// A text is none of the code.
    WrongDisplay: Invalid, "invalid-display", "Display_Name_for__should_be_one_of__instead_of";
    /// A text is none of the code, which has none in the languages.
    NoDisplayInLanguage: Invalid, "invalid-display", "NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_ERR";
    /// A text is that of the code system, which has none in the languages.
    DefaultDisplay: Invalid, "invalid-display", "NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_OK";
    /// A concept is no longer used.
    InactiveConcept: BusinessRule, "code-comment", "INACTIVE_CONCEPT_FOUND";
    /// A concept should no longer be used.
    DeprecatedConcept: BusinessRule, "code-comment", "DEPRECATED_CONCEPT_FOUND";
    /// A concept should no longer be used in this value set.
    DeprecatedInValueSet: BusinessRule, "code-comment", "CONCEPT_DEPRECATED_IN_VALUESET";
    /// A concept groups others.
    AbstractConcept: BusinessRule, "code-rule", "ABSTRACT_CODE_NOT_ALLOWED";
    /// A concept is not active, and must be.
    NotActive: BusinessRule, "code-rule", "STATUS_CODE_WARNING_CODE";
    /// A code is written in another case.
    OtherCase: BusinessRule, "code-rule", "CODE_CASE_DIFFERENCE";
    /// A definition is withdrawn.
    Withdrawn: BusinessRule, "status-check", "MSG_WITHDRAWN";
    /// A definition is deprecated.
    Deprecated: BusinessRule, "status-check", "MSG_DEPRECATED";
    /// A definition is retired.
    Retired: BusinessRule, "status-check", "MSG_RETIRED";
    /// A definition is experimental.
    Experimental: BusinessRule, "status-check", "MSG_EXPERIMENTAL";
    /// A definition is a draft.
    Draft: BusinessRule, "status-check", "MSG_DRAFT";
    /// The system of a code cannot be found out.
    NoSystemFound: NotFound, "cannot-infer", "UNABLE_TO_INFER_CODESYSTEM";
    /// The system of a code may be one or another.
    SeveralSystemsFound: NotFound, "cannot-infer", "Unable_to_resolve_system__value_set_has_multiple_matches";
    /// A code has no system.
    WithoutSystem: Invalid, "invalid-data", "Coding_has_no_system__cannot_validate";
    /// The system of a code is no absolute URI.
    RelativeSystem: Invalid, "invalid-data", "Terminology_TX_System_Relative";
    /// The system of a code is a value set.
    SystemIsValueSet: Invalid, "invalid-data", "Terminology_TX_System_ValueSet2";
    /// The system of a code is a supplement.
    SystemIsSupplement: Invalid, "invalid-data", "CODESYSTEM_CS_NO_SUPPLEMENT";
    /// A URL cannot be used.
    BadUrl: Invalid, "invalid-data", "INVALID_URL";
    /// A language is none.
    BadLanguage: Processing, "invalid-display", "INVALID_DISPLAY_NAME";
    /// A canonical that needs a version has none.
    WithoutVersion: Invalid, "invalid-data", "VERSION_MISSING";
}
