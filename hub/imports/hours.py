"""Working hours as a cell of a spreadsheet: `Mon-Fri 09:00-17:00`. Pure."""

import re
import unicodedata

from hub.errors import Invalid
from hub.people.typed import WorkingHours, normal_hours

_ENGLISH = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ARABIC = ("الاثنين", "الثلاثاء", "الاربعاء", "الخميس", "الجمعة", "السبت", "الاحد")
_ALIKE = str.maketrans("‐‑‒–—−،أإآ", "------,ااا", "\u200e\u200f")
"""Dashes and letters that people take for one; marks of direction go."""
_TIME = r"(\d{1,2})(?:[:.](\d\d))?"
_CELL = re.compile(rf"(.*\S)\s+{_TIME}\s*-\s*{_TIME}")
_SHORT = 3
"""Letters of a day's English name are enough."""
_RUN = 3
"""Days that follow each other are written as one from so many on."""


def hours_of(text: str) -> WorkingHours:
    """What a cell says: days by their names, one by one or from one to another, then from when to when. Raises `Invalid`."""
    found = _CELL.fullmatch(unicodedata.normalize("NFC", text).translate(_ALIKE).lower().strip())
    if found is None:
        raise _wrong()
    days = [day for part in re.split(r"[\s,]+", re.sub(r"\s*-\s*", "-", found[1])) if part for day in _days(part)]
    hours = normal_hours(WorkingHours(days, _minutes(found[2], found[3]), _minutes(found[4], found[5])))
    if hours is None:
        raise _wrong()
    return hours


def text_of(hours: WorkingHours | None) -> str:
    """As a cell says it; nothing for none."""
    if hours is None:
        return ""
    runs: list[list[str]] = []
    for place, day in enumerate(hours.days):
        if place and hours.days[place - 1] == day - 1:
            runs[-1].append(_ENGLISH[day][:_SHORT].title())
        else:
            runs.append([_ENGLISH[day][:_SHORT].title()])
    said = [each for run in runs for each in (run if len(run) < _RUN else [f"{run[0]}-{run[-1]}"])]
    times = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (hours.from_min, hours.until_min))
    return f"{', '.join(said)} {'-'.join(times)}"


def _days(part: str) -> list[int]:
    first, dash, last = part.partition("-")
    begin, end = _day(first), _day(last if dash else first)
    return [(begin + each) % 7 for each in range((end - begin) % 7 + 1)]


def _day(name: str) -> int:
    for day, (english, arabic) in enumerate(zip(_ENGLISH, _ARABIC, strict=True)):
        if name == arabic or (len(name) >= _SHORT and english.startswith(name)):
            return day
    raise _wrong()


def _minutes(hour: str, minute: str | None) -> int:
    """After midnight; 24:00 is that of the next day."""
    minutes = int(hour) * 60 + int(minute or 0)
    if int(minute or 0) > 59 or minutes > 24 * 60:
        raise _wrong()
    return minutes % (24 * 60)


def _wrong() -> Invalid:
    return Invalid("Working hours are written as in Mon-Fri 09:00-17:00.", "working_hours", "hours")
