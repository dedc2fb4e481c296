"""Every failure the gateway can report, and the response the client gets for it.

    GatewayError
    ├── RequestRefused     the client's side: retrying the same request cannot help
    ├── UpstreamFailed     the upstream's side: unreachable, broken, too slow, or it refused the request
    └── ConfigError        the operator's side: raised before anything is served

Rules:
- One table, `KINDS`, maps each kind to its response: HTTP status, Anthropic error type, `x-should-retry` and
  `retry-after`. No other code picks a status.
- An upstream's 401 or 403 means that the *gateway's* credentials failed. A client that saw 401 would ask its
  user to log in again, so they become 500 with `x-should-retry: false`.
- 529 is kept for upstreams that report overload: Claude Code gives up on it after three tries, while it waits
  about three minutes on any other 5xx.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from attrs import frozen


class Kind(Enum):
    """What went wrong. The values are stable names: they appear in logs and metrics."""

    INVALID_REQUEST = "invalid_request"
    CONTEXT_OVERFLOW = "context_overflow"
    AUTHENTICATION = "authentication"
    BILLING = "billing"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    TOO_LARGE = "too_large"
    HEADERS_TOO_LARGE = "headers_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    RATE_LIMITED = "rate_limited"
    GATEWAY_BUSY = "gateway_busy"
    INTERNAL = "internal"
    UPSTREAM_FAILED = "upstream_failed"
    UPSTREAM_REJECTS_REQUEST = "upstream_rejects_request"
    UPSTREAM_CREDENTIALS = "upstream_credentials"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_TLS = "upstream_tls"
    UPSTREAM_GARBAGE = "upstream_garbage"
    UPSTREAM_CUT = "upstream_cut"
    UPSTREAM_UNAVAILABLE = "upstream_unavailable"
    UPSTREAM_LOADING = "upstream_loading"
    UPSTREAM_CONNECT_TIMEOUT = "upstream_connect_timeout"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_OVERLOADED = "upstream_overloaded"


@frozen
class ErrorResponse:
    """The error a client gets: HTTP status, Anthropic error type, and whether and when to retry."""

    status: int
    type: str
    should_retry: bool | None = None
    """Sent as `x-should-retry`; None leaves the decision to the SDK's rule for the status."""
    retry_after: int | None = None
    """Seconds, sent as `retry-after` unless the upstream sent its own value."""


KINDS: Mapping[Kind, ErrorResponse] = {
    Kind.INVALID_REQUEST: ErrorResponse(400, "invalid_request_error", should_retry=False),
    Kind.CONTEXT_OVERFLOW: ErrorResponse(400, "invalid_request_error", should_retry=False),
    Kind.AUTHENTICATION: ErrorResponse(401, "authentication_error", should_retry=False),
    Kind.BILLING: ErrorResponse(402, "billing_error", should_retry=False),
    Kind.PERMISSION: ErrorResponse(403, "permission_error", should_retry=False),
    Kind.NOT_FOUND: ErrorResponse(404, "not_found_error", should_retry=False),
    Kind.METHOD_NOT_ALLOWED: ErrorResponse(405, "invalid_request_error", should_retry=False),
    Kind.REQUEST_TIMEOUT: ErrorResponse(408, "timeout_error"),
    Kind.TOO_LARGE: ErrorResponse(413, "request_too_large", should_retry=False),
    Kind.UNSUPPORTED_MEDIA_TYPE: ErrorResponse(415, "invalid_request_error", should_retry=False),
    Kind.RATE_LIMITED: ErrorResponse(429, "rate_limit_error", retry_after=5),
    Kind.HEADERS_TOO_LARGE: ErrorResponse(431, "invalid_request_error", should_retry=False),
    Kind.GATEWAY_BUSY: ErrorResponse(503, "api_error", retry_after=2),
    Kind.INTERNAL: ErrorResponse(500, "api_error"),
    Kind.UPSTREAM_FAILED: ErrorResponse(500, "api_error"),
    Kind.UPSTREAM_REJECTS_REQUEST: ErrorResponse(500, "api_error", should_retry=False),
    Kind.UPSTREAM_CREDENTIALS: ErrorResponse(500, "api_error", should_retry=False),
    Kind.UPSTREAM_UNREACHABLE: ErrorResponse(502, "api_error"),
    Kind.UPSTREAM_TLS: ErrorResponse(502, "api_error", should_retry=False),
    Kind.UPSTREAM_GARBAGE: ErrorResponse(502, "api_error"),
    Kind.UPSTREAM_CUT: ErrorResponse(502, "api_error"),
    Kind.UPSTREAM_UNAVAILABLE: ErrorResponse(503, "api_error", retry_after=2),
    Kind.UPSTREAM_LOADING: ErrorResponse(503, "api_error", retry_after=5),
    Kind.UPSTREAM_CONNECT_TIMEOUT: ErrorResponse(504, "timeout_error"),
    Kind.UPSTREAM_TIMEOUT: ErrorResponse(504, "timeout_error"),
    Kind.UPSTREAM_OVERLOADED: ErrorResponse(529, "overloaded_error", retry_after=2),
}


class GatewayError(Exception):
    """A failure with everything needed to answer the client.

    `message` is shown to the client unchanged: it states what is wrong and what to do, and never contains a
    secret. `details` becomes `error.details` (typed SDK errors read `details.error_code`). `upstream_message`
    is the upstream's error text, without URLs and secrets.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        details: Mapping[str, object] | None = None,
        upstream_status: int | None = None,
        retry_after: int | None = None,
        upstream_message: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.details = details
        self.upstream_status = upstream_status
        self._retry_after = retry_after
        self._upstream_message = upstream_message

    @property
    def why(self) -> str:
        """The message for the log, with the upstream's error text appended unless the message contains it."""
        if self._upstream_message in self.message:
            return self.message
        return f"{self.message} (it said: {self._upstream_message})"

    @property
    def answer(self) -> ErrorResponse:
        return KINDS[self.kind]

    @property
    def retry_after(self) -> int | None:
        """Whole seconds, at least 1; None if the response carries no such header."""
        if self.answer.status in (429, 503, 529) and self._retry_after is not None:
            return max(1, self._retry_after)
        return self.answer.retry_after


class RequestRefused(GatewayError):
    """The client's side: malformed JSON, an unknown model, a missing key, a body that is too large."""

    def __init__(
        self,
        message: str,
        kind: Kind = Kind.INVALID_REQUEST,
        *,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(kind, message, details=details)


class UpstreamFailed(GatewayError):
    """The upstream's side: unreachable, connection lost, too slow, or it refused the request."""


class ConfigError(GatewayError):
    """The operator's side: the configuration cannot be used. The message may span several lines."""

    def __init__(self, message: str) -> None:
        super().__init__(Kind.INTERNAL, message)
