"""The tables. `interval` is range-partitioned by day and written by COPY: see `piccolo_migrations` and `live/store.py`.

Times are aware UTC. Who a person was, and in which team, is kept with its history: a manager sees only the time in which somebody
was in their teams.
"""

from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    Serial,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.columns.indexes import IndexMethod
from piccolo.table import Table

from hub.database import ENGINE


class Organisation(Table, db=ENGINE):
    """The one row: one organisation per deployment."""

    id = Serial(primary_key=True)
    name = Varchar(length=200)
    zone = Varchar(length=64, default="UTC")
    demo = Boolean(default=False)
    expected_min = Array(base_column=SmallInt(), default=[480, 480, 480, 480, 480, 0, 0])
    """Minutes that somebody is expected to be active for, Monday to Sunday: for everybody, until policies say otherwise."""
    factor_roles = Array(base_column=Varchar(length=20), default=list)
    """Whoever holds one of these must have a second factor; `employee` is everybody."""
    version = Integer(default=1)
    """Raised by each change of any of these: whoever changes what they saw an older version of is told."""
    created_at = Timestamptz(default=TimestamptzNow())
    set_up_at = Timestamptz(null=True, default=None)
    """When an admin finished or skipped the set-up. Until then one is shown it, unless this is a demo."""


class Team(Table, db=ENGINE):
    """A tree of teams."""

    id = Serial(primary_key=True)
    parent: ForeignKey[Any] = ForeignKey("self", null=True, default=None, on_delete=OnDelete.restrict)
    name = Varchar(length=200)
    version = Integer(default=1)
    """Raised by each change of name or place: whoever changes what they saw an older version of is told."""
    removed_at = Timestamptz(null=True, default=None)
    """Who was in it remains known; nobody is led there any more."""


class Person(Table, db=ENGINE):
    """Somebody who signs in, or whose devices report, or both."""

    id = Serial(primary_key=True)
    email = Varchar(length=200, unique=True)
    """Lower case."""
    name = Varchar(length=200)
    """The database keeps it as `folded` too: in lower case, without accents. The finder searches that."""
    zone = Varchar(length=64, default="UTC")
    """The one that was set last: from the end of the workday in which it was."""
    working_hours = JSONB(null=True, default=None)
    """When they usually work, in their zone: `people.typed.WorkingHours`. Nothing is reckoned by it."""
    locale = Varchar(length=10, null=True, default=None)
    """The language that they are written to in, and greeted in by a new browser; null: the organisation's, English."""
    version = Integer(default=1)
    """Raised by each change of name, address, zone, language or hours: whoever changes what they saw an older version of is told."""
    password_hash = Varchar(length=200, null=True, default=None)
    access_version = Integer(default=1)
    """Raised whenever what this person may see changes: their live sockets then close."""
    simulated = Boolean(default=False)
    created_at = Timestamptz(default=TimestamptzNow())
    deactivated_at = Timestamptz(null=True, default=None)
    restricted_at = Timestamptz(null=True, default=None)
    """Since then what is stored of them is shown to nobody but them (GDPR, article 18)."""
    erased_at = Timestamptz(null=True, default=None)
    """Since then this is a number that others' rows refer to, and nothing else: without name, address and zone (`erasure.py`)."""


class SavedView(Table, db=ENGINE, tablename="saved_view"):
    """An address of the application that somebody keeps under a name: theirs alone. Without case, each name is there once a person."""

    id = Serial(primary_key=True)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, null=False)
    name = Varchar(length=80)
    query = Varchar(length=500)
    """What stands behind the `?`."""


class Role(Table, db=ENGINE):
    """What somebody may do beside being a person here. `team` is set for managers only: that team and what lies under it."""

    id = Serial(primary_key=True)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, index=True)
    role = Varchar(length=20)
    team = ForeignKey(Team, null=True, default=None, on_delete=OnDelete.cascade)


class Membership(Table, db=ENGINE):
    """In which team a person was, and when: `[since_at, until_at)`. The home team has no `until_at`."""

    id = Serial(primary_key=True)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, index=True)
    team = ForeignKey(Team, on_delete=OnDelete.restrict, index=True)
    since_at = Timestamptz(default=TimestamptzNow())
    until_at = Timestamptz(null=True, default=None)


class FormerZone(Table, db=ENGINE, tablename="former_zone"):
    """A zone that a person's workdays were in until one of them ended: see `workdays.py`. Up to then `Person.zone` is the one to come."""

    id = Serial(primary_key=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    zone = Varchar(length=64)
    until_at = Timestamptz()


class PeopleImport(Table, db=ENGINE, tablename="people_import"):
    """A file of people that an admin looks at before it is carried out. Theirs alone, and gone within the hour."""

    id = UUID(primary_key=True)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, index=True)
    """Who made it."""
    created_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz(index=True)
    version = Integer(default=1)
    """Raised whenever its outcomes are judged anew: what is confirmed is what was looked at."""
    make_teams = Boolean(default=False)
    source = JSONB(default="{}")
    """What the file was: `imports.kept.Source`."""
    content = Bytea(default=b"")
    """The rows, as `imports.judge.Wanted` in msgpack. Emptied once it is carried out."""
    outcomes = Bytea(default=b"")
    """What each of them would do: `imports.judge.Outcome` in msgpack."""
    result = JSONB(null=True, default=None)
    """What was done: `imports.carry_out.Result`."""


class Identity(Table, db=ENGINE):
    """Who somebody is at an OpenID provider: each issuer and sub is one person's, and a person has one at each issuer."""

    id = Serial(primary_key=True)
    issuer = Varchar(length=500)
    sub = Varchar(length=255)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, index=True)
    created_at = Timestamptz(default=TimestamptzNow())


class SignIn(Table, db=ENGINE, tablename="sign_in"):
    """One signed-in browser. The session itself is in Redis; this row can end it while Redis is away."""

    id = UUID(primary_key=True)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, index=True)
    created_at = Timestamptz(default=TimestamptzNow())
    ended_at = Timestamptz(null=True, default=None)
    half_open = Boolean(default=False)
    """The password was right and the second step is still to be answered: good for nothing else, and not for long."""
    proved_at = Timestamptz(default=TimestamptzNow())
    """When the person last proved here who they are."""
    seen_at = Timestamptz(default=TimestamptzNow())
    """Of its last request, to the minute."""
    browser = Varchar(length=300, default="")
    """What the browser called itself when it signed in."""
    address = Varchar(length=45, default="")


class TotpFactor(Table, db=ENGINE, tablename="totp_factor"):
    """Somebody's authenticator."""

    id = Serial(primary_key=True)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, unique=True, null=False)
    sealed = Bytea()
    """The secret, as `auth/sealed.py` seals it."""
    last_step = BigInt(default=0)
    """The time step of the last code that was taken: none up to it serves again."""
    created_at = Timestamptz(default=TimestamptzNow())
    confirmed_at = Timestamptz(null=True, default=None)
    """It counts only since then."""


class Passkey(Table, db=ENGINE):
    """A key in somebody's phone, computer or stick that signs them in."""

    id = Serial(primary_key=True)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, index=True, null=False)
    credential_id = Bytea(unique=True)
    public_key = Bytea()
    """In COSE (RFC 9052)."""
    sign_count = BigInt(default=0)
    """The highest that it has sent; zero from those that count nothing."""
    name = Varchar(length=80)
    created_at = Timestamptz(default=TimestamptzNow())
    used_at = Timestamptz(null=True, default=None)


class RecoveryCode(Table, db=ENGINE, tablename="recovery_code"):
    """A code that lets somebody in once without their factor, as a keyed hash."""

    id = Serial(primary_key=True)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, index=True, null=False)
    code_hash = Bytea()
    used_at = Timestamptz(null=True, default=None)


class FactorTries(Table, db=ENGINE, tablename="factor_tries"):
    """How often somebody's second step failed since it last succeeded. In PostgreSQL, so that it counts while Redis is away."""

    id = Serial(primary_key=True)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, unique=True, null=False)
    tries = Integer(default=0)
    wait_until_at = Timestamptz(null=True, default=None)


class ApiClient(Table, db=ENGINE, tablename="api_client"):
    """A program that acts for the organisation: what it may, and in which teams with what lies under them."""

    id = Serial(primary_key=True)
    uid = UUID(unique=True)
    """What it calls itself."""
    name = Varchar(length=80)
    scopes = Array(base_column=Varchar(length=40))
    teams = Array(base_column=Integer())
    created_at = Timestamptz(default=TimestamptzNow())
    created_by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)
    last_used_at = Timestamptz(null=True, default=None)
    disabled_at = Timestamptz(null=True, default=None)
    version = Integer(default=1)
    """Of name, scopes and teams: a change of them names it."""


class ClientSecret(Table, db=ENGINE, tablename="client_secret"):
    """A secret of an API client, as a hash. One with `ends_at` has been replaced, and serves until then."""

    id = Serial(primary_key=True)
    client = ForeignKey(ApiClient, null=False, on_delete=OnDelete.cascade, index=True)
    hashed = Bytea(unique=True)
    ends_with = Varchar(length=4)
    created_at = Timestamptz(default=TimestamptzNow())
    ends_at = Timestamptz(null=True, default=None)


class PersonalToken(Table, db=ENGINE, tablename="personal_token"):
    """A token that somebody made for a program of theirs, as a hash."""

    id = Serial(primary_key=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    name = Varchar(length=80)
    hashed = Bytea(unique=True)
    ends_with = Varchar(length=4)
    scopes = Array(base_column=Varchar(length=40))
    created_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz()
    last_used_at = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)


class IdempotencyKey(Table, db=ENGINE, tablename="idempotency_key"):
    """What somebody asked under a key of theirs, and the answer, sealed. No answer yet: it is being done, or was cut off."""

    name = Bytea(primary_key=True)
    """A hash of person and key."""
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    asked = Bytea()
    """A hash of the request."""
    answer = Bytea(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow(), index=True)


class EnrolmentCode(Table, db=ENGINE, tablename="enrolment_code"):
    """A one-time code, as a hash. `person` is null for a code that serves several people."""

    code_hash = Bytea(primary_key=True)
    person = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.cascade)
    device = Integer(null=True, default=None)
    """It gives this device another key, and adds none."""
    roll_out = UUID(null=True, default=None, unique=True)
    """Under which number admins list it: each use of such a code waits until a person has approved it. `person`: nobody else may."""
    label = Varchar(length=80, default="")
    uses = Integer(default=1)
    """How often it was made to serve."""
    made_by = Integer(null=True, default=None)
    uses_left = Integer()
    expires_at = Timestamptz()
    created_at = Timestamptz(default=TimestamptzNow())


class EnrolmentRequest(Table, db=ENGINE, tablename="enrolment_request"):
    """A computer that asks to be somebody's device, by a code for a roll-out. Gone a day after it is over."""

    id = UUID(primary_key=True)
    """Known to the computer alone, which asks by it what became of the request."""
    confirmation = Varchar(length=9, unique=True)
    """Shown on the computer, and typed or compared by whoever approves it."""
    code_hash = Bytea()
    """Of the code that it came by: withdrawn, nobody can approve it."""
    person = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.cascade)
    """The only one who may approve it; null: whoever is signed in and types the confirmation."""
    public_key = Bytea()
    name = Varchar(length=200, default="")
    system = Varchar(length=200, default="")
    asked_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz()
    state = Varchar(length=10, default="waiting")
    """`waiting`, `approved` or `declined`."""
    decided_by = Integer(null=True, default=None)
    device = UUID(null=True, default=None)
    """What it became."""


class Device(Table, db=ENGINE):
    """One enrolled agent installation of one operating-system user."""

    id = Serial(primary_key=True)
    uid = UUID(unique=True)
    """What the device calls itself on the wire."""
    person = ForeignKey(Person, on_delete=OnDelete.restrict, index=True)
    public_key = Bytea()
    name = Varchar(length=200, default="")
    system = Varchar(length=200, default="")
    version = Varchar(length=50, default="")
    simulated = Boolean(default=False)
    enrolled_at = Timestamptz(default=TimestamptzNow())
    last_seen_at = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)
    suspended_at = Timestamptz(null=True, default=None)
    fenced_at = Array(base_column=Timestamptz(), default=list)
    """Latest fences by a clone; three within an hour suspend the device."""
    rekeyed_at = Timestamptz(null=True, default=None)
    """When it was last given another key."""
    enrolled_with = Varchar(length=20, default="")
    """The kind of code: `own` of its person, `many` for several people, `roll_out` of an admin; empty: not noted then."""
    unsent = BigInt(null=True, default=None)
    """Events that its spool held when it was last heard; null: it has not said."""
    skew_ms = BigInt(null=True, default=None)
    """By how much its wall clock was behind the hub's (negative: ahead) when it last said."""


class DeviceCursor(Table, db=ENGINE, tablename="device_cursor"):
    """Where a device stands. Taken FOR UPDATE by the transaction that stores its events, and moved by it."""

    device = Integer(primary_key=True)
    epoch = Integer(default=1)
    seq = BigInt(default=0)
    """Highest contiguous committed number in this epoch."""
    digest = Bytea(default=b"")
    """Of event `seq`; empty when that was lost, or when there is none."""
    session = BigInt(default=0)
    """The connection that may write. A later one fences it."""
    instance = Varchar(length=64, default="")
    """Which run of the agent that connection belongs to: a run that fences itself only came back another way."""
    last_ended_at = Timestamptz(null=True, default=None)
    """End of the latest stored event: what a restored disk need not send again."""
    last_input_at = Timestamptz(null=True, default=None)
    """The latest input of any stored event: the silence after it ends when the next one is stored."""
    erased = Boolean(default=False)
    """Days of its person were erased: what tells of them is not stored. Set by whoever erases them, who holds the cursor."""


class Interval(Table, db=ENGINE, tags=["partitioned"]):
    """What devices did, in pieces that never cross a UTC quarter-hour. Partitioned by day of `started_at`; written by COPY only.

    `(device, epoch, seq, piece)` is unique: the hub cuts an event into pieces, numbered from 0.
    """

    device = Integer()
    epoch = Integer()
    seq = BigInt()
    piece = SmallInt()
    person = Integer()
    started_at = Timestamptz()
    ended_at = Timestamptz()
    wall_at = Timestamptz()
    zone_min = SmallInt()
    policy = Integer()
    flags = SmallInt()
    """Bits, as `rollups/united.py` names them."""
    app = Text(null=True)
    site = Text(null=True)
    title = Text(null=True)
    first_input_at = Timestamptz(null=True)
    last_input_at = Timestamptz(null=True)
    keys = Integer()
    clicks = Integer()
    scrolls = Integer()


class Loss(Table, db=ENGINE):
    """Numbers that a device declared lost, `from_seq` to `to_seq`, both included."""

    id = BigSerial(primary_key=True)
    device = Integer(index=True)
    epoch = Integer()
    from_seq = BigInt()
    to_seq = BigInt()
    reason = Varchar(length=40, default="")
    received_at = Timestamptz(default=TimestamptzNow())


class Quarantine(Table, db=ENGINE):
    """Events that were set aside, with the reason. Kept whole as msgpack, after `permit`."""

    id = UUID(primary_key=True)
    """The receipt."""
    device = Integer(index=True)
    epoch = Integer()
    seq = BigInt()
    reason = Varchar(length=40)
    event = Bytea()
    received_at = Timestamptz(default=TimestamptzNow())


class Dirty(Table, db=ENGINE):
    """Append-only marks for the rollup job: this person's quarter-hour has new rows. Never unique: a unique mark loses late commits."""

    id = BigSerial(primary_key=True)
    person = Integer()
    quarter_at = Timestamptz()
    marked_at = Timestamptz(default=TimestamptzNow())
    """When the transaction began that made the mark: how far the job is behind."""


class RollupQuarter(Table, db=ENGINE, tablename="rollup_quarter", tags=["raw"]):
    """What a person's quarter-hour consisted of, all devices united: each instant counted once. Exact where no mark is left in `dirty`."""

    person = Integer()
    quarter_at = Timestamptz()
    state = Varchar(length=8)
    app = Text(null=True)
    site = Text(null=True)
    duration_us = BigInt()
    """Zero where there are only counts: of somebody whose other device owned the time."""
    keys = BigInt()
    clicks = BigInt()
    scrolls = BigInt()


class RollupDay(Table, db=ENGINE, tablename="rollup_day", tags=["raw"]):
    """The quarters of a person's workday, summed. `day` is a date in the zone of the person."""

    person = Integer()
    day = Date()
    state = Varchar(length=8)
    app = Text(null=True)
    site = Text(null=True)
    duration_us = BigInt()
    keys = BigInt()
    clicks = BigInt()
    scrolls = BigInt()


class SpanDay(Table, db=ENGINE, tablename="span_day", tags=["raw"]):
    """When in a workday a person was in a state: `spans` is a `tstzmultirange`, which Piccolo has no column for."""

    person = Integer()
    day = Date()
    state = Varchar(length=8)


class ReportRun(Table, db=ENGINE, tablename="report_run"):
    """The truth of every job of the worker: the queue only carries the work. One run of a job is open at a time."""

    id = BigSerial(primary_key=True)
    job = Varchar(length=40)
    state = Varchar(length=10, default="queued")
    """`queued`, `running`, `done` or `failed`."""
    queued_at = Timestamptz(default=TimestamptzNow())
    started_at = Timestamptz(null=True, default=None)
    lease_until_at = Timestamptz(null=True, default=None)
    """A running one whose lease has passed has lost its worker, and is taken up again."""
    attempts = Integer(default=0)
    finished_at = Timestamptz(null=True, default=None)
    error = Varchar(length=200, default="")
    """What went wrong, as the name of an error: never a value."""
    detail = JSONB(default="{}")


class Link(Table, db=ENGINE):
    """A link by which somebody sets a password: see `auth/links.py`. It is kept as a hash; one of a person is open at a time."""

    id = BigSerial(primary_key=True)
    hash = Bytea(unique=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    purpose = Varchar(length=20)
    """`invitation` or `reset`."""
    email = Varchar(length=200)
    """The person's address when it was made. With another one it opens nothing."""
    created_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz()
    used_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    """When it was withdrawn, or a newer one took its place."""


class Mail(Table, db=ENGINE):
    """A mail that is to be sent, or what became of one. It holds no text and no link: those are made when it is handed in."""

    id = BigSerial(primary_key=True)
    kind = Varchar(length=20)
    person = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    """Whom it goes to, at the address that they have when it does. Null: nobody has the address that was asked for."""
    language = Varchar(length=8, default="en")
    queued_at = Timestamptz(default=TimestamptzNow())
    state = Varchar(length=10, default="queued")
    """`queued`, `handed` (the server has it, or is about to), `sent`, `refused`, `failed`, `unclear` or `void`: see `mail.py`."""
    due_at = Timestamptz(default=TimestamptzNow())
    """When it is tried next, while it is queued."""
    attempts = Integer(default=0)
    handed_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    error = Varchar(length=40, default="")
    """Why it was not sent, or not yet: a code of SMTP or the name of an error, never the server's words."""


class PolicyVersion(Table, db=ENGINE, tablename="policy_version"):
    """Each policy that anybody ever had, resolved: a number means one policy, whoever has it. Version 1 is the default."""

    version = Integer(primary_key=True)
    policy = JSONB()
    created_at = Timestamptz(default=TimestamptzNow())


class PolicySetting(Table, db=ENGINE, tablename="policy_setting"):
    """What is set at one place: see `policies/settings.py`. A place without a row, or with an empty one, inherits all."""

    id = Serial(primary_key=True)
    scope = Varchar(length=12)
    """`organisation`, `team`, `person`, or `ceiling`: what may be switched on at all."""
    team = ForeignKey(Team, null=True, default=None, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.cascade)
    version = Integer(default=1)
    """Raised by each change: whoever changes what they saw an older version of is told."""
    settings = JSONB()
    """`policies.settings.PolicySettings`."""


class PolicyChange(Table, db=ENGINE, tablename="policy_change"):
    """A change of what is set at one place, or of the ceiling; shown with its reason to those whom it touches."""

    id = BigSerial(primary_key=True)
    at = Timestamptz(default=TimestamptzNow())
    made_by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)
    scope = Varchar(length=12)
    team = Integer(null=True, default=None)
    person = Integer(null=True, default=None)
    version = Integer()
    """Of the setting: the one that it rests on, plus one."""
    old = JSONB()
    new = JSONB()
    reason = Varchar(length=500)
    state = Varchar(length=10, default="made")
    """`made`; or `proposed` to raise the ceiling, then `signed`, `refused` or `withdrawn`."""
    decided_by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)
    decided_at = Timestamptz(null=True, default=None)


class PersonPolicy(Table, db=ENGINE, tablename="person_policy"):
    """Which policy somebody has, and since when: the latest row counts. No row at all: the default.

    Where `held` is another than `wanted`, that widens theirs: `held` counts until they have acknowledged it, and `wanted` from then on.
    """

    id = BigSerial(primary_key=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    wanted = Integer()
    held = Integer()
    since_at = Timestamptz(default=TimestamptzNow())
    change = BigInt(null=True, default=None)
    """The change that it came by; null: they are new, in another team, or in another zone."""
    acknowledged_at = Timestamptz(null=True, default=None)
    revision = BigInt(index=True)
    """Of the table when the row was last written: rises in the order of commits."""


class Pause(Table, db=ENGINE):
    """Time that somebody declared as private or as a break, for all of their devices: one at a time, another one ends it. And, for itself,
    work that they started outside their hours: one at a time, and always with an end."""

    id = BigSerial(primary_key=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade, index=True)
    kind = Varchar(length=8)
    """`private` or `break`; `work`."""
    since_at = Timestamptz()
    until_at = Timestamptz(null=True, default=None)
    """When it ends or ended; null: when they say so."""
    revision = BigInt(index=True)
    """Of the table when the row was last written: rises in the order of commits."""


class Audit(Table, db=ENGINE):
    """What was done and who looked: append-only (a trigger refuses UPDATE, DELETE and TRUNCATE)."""

    id = BigSerial(primary_key=True)
    at = Timestamptz(default=TimestamptzNow())
    actor = Integer(null=True, default=None)
    """Person who acted; null: a client, the system, or nobody known."""
    client = Integer(null=True, default=None)
    """API client that acted, or that an act was about."""
    action = Varchar(length=50)
    subject = Integer(null=True, default=None, index=True, index_method=IndexMethod.btree)
    """Person concerned."""
    team = Integer(null=True, default=None)
    detail = JSONB(default="{}")


PLAIN: list[type[Table]] = [
    Organisation, Team, Person, SavedView, Role, Membership, FormerZone, PeopleImport, Identity, SignIn, TotpFactor, Passkey, RecoveryCode,
    FactorTries, EnrolmentCode, EnrolmentRequest, Device, DeviceCursor,
    Loss, Quarantine, Dirty, ReportRun, Link, Mail, PolicyVersion, PolicySetting, PolicyChange, PersonPolicy, Pause, Audit,
    IdempotencyKey, ApiClient, ClientSecret, PersonalToken,
]  # fmt: skip
