"""What is typed about people, as it is stored. Whoever takes it from a form or a file asks here what is wrong with it."""

import re
from functools import cache
from zoneinfo import available_timezones

import msgspec

from hub.errors import Invalid
from hub.wire.policy import clean

NAME_MAX_CHARACTERS = 200
EMAIL_MAX_CHARACTERS = 200
DAY_MIN = 24 * 60
_EMAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
)
_NO_ZONES = {"Factory", "localtime", "posixrules"}


class WorkingHours(msgspec.Struct, frozen=True):
    """When somebody usually works, by the clock of their zone. Up to a time not after that of the beginning: on the next day."""

    days: list[int]
    """Monday is 0."""
    from_min: int
    """After midnight."""
    until_min: int


def normal_email(email: str) -> str:
    """The address in lower case, without space around it. Raises `Invalid` for what can't be one, and for letters beyond ASCII: of those
    some look like others, and some become others in lower case."""
    address = email.strip()
    if not address.isascii():
        raise Invalid(
            "Addresses here have Latin letters without accents only. Some other letters look just like them: type it anew.",
            "email",
            "email_letters",
        )
    address = address.lower()
    if len(address) > EMAIL_MAX_CHARACTERS or not _EMAIL.fullmatch(address):
        raise Invalid("This is not an e-mail address.", "email", "email_malformed")
    return address


def email_taken() -> Invalid:
    """Of an address that is somebody's already."""
    return Invalid("Somebody with this address is here already.", "email", "email_taken")


def normal_name(name: str) -> str:
    """The name with single spaces and nothing unprintable. Raises `Invalid` when nothing that can be seen is left, or too much."""
    cleaned = clean(name, NAME_MAX_CHARACTERS + 1)
    if cleaned is None or len(cleaned) > NAME_MAX_CHARACTERS:
        raise Invalid(f"A name has 1 to {NAME_MAX_CHARACTERS} characters.", "name", "name_length", NAME_MAX_CHARACTERS)
    return cleaned


def normal_zone(zone: str) -> str:
    """The IANA zone, as in Europe/Oslo. Raises `Invalid` for an unknown one, and for files beside them that count leap seconds or stand
    for whatever this machine is in."""
    if zone not in zones():
        raise Invalid("This is no time zone. Zones are named as in Europe/Oslo.", "zone", "zone_unknown")
    return zone


@cache
def zones() -> frozenset[str]:
    """The names of all time zones that can be set."""
    return frozenset(available_timezones() - _NO_ZONES)


def normal_hours(hours: WorkingHours | None) -> WorkingHours | None:
    """Days in order, each once; none without a day. Raises `Invalid`."""
    if hours is None or not hours.days:
        return None
    minutes = hours.from_min, hours.until_min
    if (
        not set(hours.days) <= set(range(7))
        or not all(0 <= each < DAY_MIN for each in minutes)
        or minutes[0] == minutes[1]
    ):
        raise Invalid("Working hours are of days of the week, from one time to another.", "working_hours", "hours")
    return WorkingHours(sorted(set(hours.days)), *minutes)


def stored_hours(hours: WorkingHours | None) -> str | None:
    """For the column."""
    return None if hours is None else msgspec.json.encode(hours).decode()


def hours_of(stored: str | None) -> WorkingHours | None:
    """As the column holds them."""
    return None if stored is None else msgspec.json.decode(stored, type=WorkingHours)
