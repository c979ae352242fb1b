"""Places in lists by name."""

import pytest

from hub.cursors import MAX_CHARACTERS, START, cursor, place
from hub.errors import Invalid


@pytest.mark.parametrize("name", ["a", "ä" * 200, "\U00010428" * 200, 'a"b\\c' * 40])
def test_place_of_any_name_comes_back_and_may_be_asked_for(name: str) -> None:
    made = cursor(name, 7)

    assert place(made, "after") == (name, 7)
    assert len(made) <= MAX_CHARACTERS
    assert (name, 7) > START


@pytest.mark.parametrize(
    "given", ["", "x", "e30=", "W10=", "WyJhIiwtMV0=", "WyJhIiwwXQ", "ä", cursor("\x00", 1), cursor("a", 2**31)]
)
def test_place_that_is_not_ours_is_refused(given: str) -> None:
    with pytest.raises(Invalid):
        place(given, "after")
