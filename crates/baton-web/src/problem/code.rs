use http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:ident;)*) => {
        /// The closed list of words callers branch on, each with its HTTP status.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The status it is answered with.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }
        }
    };
}

codes! {
    /// The request breaks HTTP, or a part of it cannot be read.
    BadRequest = "bad_request", BAD_REQUEST;
    /// The body is not JSON.
    MalformedJson = "malformed_json", BAD_REQUEST;
    /// The body is JSON or a form, but not one that can be taken; `errors` says what is wrong.
    MalformedBody = "malformed_body", BAD_REQUEST;
    /// A parameter of the query is missing or wrong.
    InvalidQuery = "invalid_query", BAD_REQUEST;
    /// A header is missing or wrong.
    InvalidHeader = "invalid_header", BAD_REQUEST;
    /// No key, or one that is not known, revoked or ended.
    Unauthorized = "unauthorized", UNAUTHORIZED;
    /// Address, password and code do not belong together.
    SignInFailed = "sign_in_failed", UNAUTHORIZED;
    /// The password is right; a code of the second factor is needed too.
    SecondFactorNeeded = "second_factor_needed", UNAUTHORIZED;
    /// A change by a session that does not come from Baton's own pages.
    CrossSite = "cross_site", FORBIDDEN;
    /// The signature is missing or does not fit the body.
    InvalidSignature = "invalid_signature", UNAUTHORIZED;
    /// The key does not have the scope this needs.
    Forbidden = "forbidden", FORBIDDEN;
    /// The page's origin is not one of the source's.
    OriginNotAllowed = "origin_not_allowed", FORBIDDEN;
    /// The source is switched off.
    SourceDisabled = "source_disabled", FORBIDDEN;
    /// There is no such thing.
    NotFound = "not_found", NOT_FOUND;
    /// The path does not have that method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED;
    /// The request did not come in time.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT;
    /// The lead repeats another and the campaign refuses those.
    DuplicateLead = "duplicate_lead", CONFLICT;
    /// The campaign is paused.
    CampaignPaused = "campaign_paused", CONFLICT;
    /// The request does not fit what stands.
    Conflict = "conflict", CONFLICT;
    /// Somebody changed the document meanwhile.
    VersionConflict = "version_conflict", CONFLICT;
    /// The document is not at the version of `If-Match`.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED;
    /// The workspace would be without an owner.
    LastOwner = "last_owner", CONFLICT;
    /// A value that must be unique is taken.
    Taken = "taken", CONFLICT;
    /// The body or a part of it is too large.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE;
    /// The content type is not one that is taken here.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE;
    /// Fields are not as they must be.
    ValidationFailed = "validation_failed", UNPROCESSABLE_ENTITY;
    /// The idempotency key was used with another body.
    IdempotencyMismatch = "idempotency_mismatch", UNPROCESSABLE_ENTITY;
    /// Too many requests.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS;
    /// What was asked for is damaged where it is stored. It stays so until it is restored.
    Damaged = "damaged", SERVICE_UNAVAILABLE;
    /// A defect of Baton; it is in its log under the request's id.
    Internal = "internal", INTERNAL_SERVER_ERROR;
    /// What was asked for is not built yet.
    NotImplemented = "not_implemented", NOT_IMPLEMENTED;
    /// The database cannot take it now.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE;
    /// The server is shutting down or has too much to do.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE;
    /// Something did not answer in time.
    GatewayTimeout = "gateway_timeout", GATEWAY_TIMEOUT;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn words_are_unique_and_say_errors() {
        let words: HashSet<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|c| c.status().as_u16() >= 400));
    }
}
