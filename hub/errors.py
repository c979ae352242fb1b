"""Every error that crosses a boundary, as one tree. Raised where it is known, translated only at the socket or the route.

DaylightError
├── StartError           cannot start: says what is wrong and what to do
├── Unauthorised         not signed in (401)
├── Forbidden            signed in, not allowed, and allowed to know it (403)
├── NotFound             does not exist, or is none of the viewer's business (404)
├── Invalid              input that breaks a rule, named by field (400)
├── Conflict             what it rests on has changed meanwhile: nothing was done (409)
├── Reused               an Idempotency-Key that was used for another request (422)
├── TooMany              a rate limit; says when to try again (429)
└── Unavailable          something the hub needs is away (503)
    └── PoolBusy         no database connection within the deadline
"""

from typing import Literal

InvalidCode = Literal[
    "name_length", "name_taken", "view_taken", "views_full", "view_query", "zone_unknown", "week", "hours",
    "email_malformed", "email_letters", "email_taken", "last_admin", "team_unknown", "role_team", "team_root", "team_circle", "team_deep",
    "team_used", "password_length", "password_common", "password_own", "link_over", "no_mail",
    "above_ceiling", "kind_unavailable", "idle_limit", "hours_quarters", "policy_reason", "own_proposal",
    "days_least", "days_most", "within_activity", "within_sums",
    "erase_own", "erase_name", "request_words", "request_days", "request_extension", "look_reason",
    "confirmation_wrong", "request_over", "request_approved", "request_declined", "roll_out_over", "roll_out_uses", "roll_out_days",
    "nobody_such", "private_off",
]  # fmt: skip
"""What can be wrong with what people type into pages. The pages have words for each in every language but English, which is the hub's."""


ForbiddenCode = Literal["fresh_proof", "factor_wanted"]
"""What would open the way: a proof of who sits there (`auth.guard.require`), or a second factor, which their role must have."""


FileCode = Literal[
    "file_size", "file_empty", "file_old", "file_kind", "file_slow", "file_rows", "file_cell", "file_quotes", "file_mixed", "file_encoding",
    "file_bomb", "file_broken", "file_headings", "file_no_email", "import_changed", "import_bad_rows", "import_nothing",
]  # fmt: skip
"""What can be wrong with a file of people, and with carrying it out. Its page has the words."""


class DaylightError(Exception):
    """The root. `status` is what a route answers; the message is safe to show to whoever asked."""

    status = 500


class StartError(DaylightError):
    """The process cannot start. The message names the cause and the remedy."""


class Unauthorised(DaylightError):
    status = 401


class Forbidden(DaylightError):
    """`code` tells a page what the person can do about it."""

    status = 403

    def __init__(self, message: str, code: ForbiddenCode | None = None) -> None:
        super().__init__(message)
        self.code = code


class NotFound(DaylightError):
    status = 404


class Invalid(DaylightError):
    """Input that breaks a rule. `field` names the input it was in; `code` tells a page in another language which rule, with its `limit`."""

    status = 400

    def __init__(
        self,
        message: str,
        field: str | None = None,
        code: InvalidCode | FileCode | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(message)
        self.field, self.code, self.limit = field, code, limit


class Conflict(DaylightError):
    """Somebody else, or another window, was first. `code` tells a page in another language what changed."""

    status = 409

    def __init__(self, message: str, code: FileCode | None = None) -> None:
        super().__init__(message)
        self.code = code


class Reused(DaylightError):
    status = 422


class TooMany(DaylightError):
    """A limit was reached; trying again makes sense after `retry_after_s` seconds."""

    status = 429

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(DaylightError):
    status = 503


class PoolBusy(Unavailable):
    """No connection came free within the deadline."""
