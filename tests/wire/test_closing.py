"""Close codes mean what `docs/protocol.md` says."""

import ast
import inspect
from itertools import pairwise
from typing import get_args

import pytest

from hub.wire.closing import Close, Duty, duty
from tests.wire.documented import table


def test_documented_codes_are_the_codes() -> None:
    assert table("close codes") == [[str(code.value), code.name, code.duty, _meanings()[code.name]] for code in Close]


def test_codes_are_within_the_range_that_applications_may_use() -> None:
    """RFC 6455, section 7.4.2: 4000 to 4999 are for private use."""
    assert all(4100 <= code < 4400 for code in Close)


@pytest.mark.parametrize(
    ("code", "owed"),
    [
        (1000, "retry"), (1006, "retry"), (1009, "retry"), (1012, "retry"), (4099, "retry"), (4100, "retry"),
        (4199, "retry"), (4200, "renew"), (4299, "renew"), (4300, "stop"), (4399, "stop"), (4400, "retry"),
    ],
)  # fmt: skip
def test_duty_of_a_code_is_that_of_its_group(code: int, owed: Duty) -> None:
    assert duty(code) == owed


def test_every_duty_has_a_code() -> None:
    assert {code.duty for code in Close} == set(get_args(Duty))


def test_no_code_has_two_names() -> None:
    assert len(Close.__members__) == len(set(Close))


def _meanings() -> dict[str, str]:
    """The text under each code in the source."""
    source = ast.parse(inspect.getsource(Close)).body[0]
    assert isinstance(source, ast.ClassDef)
    meanings = {}
    for code, below in pairwise(source.body):
        match code, below:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(text))):
                meanings[name] = text
    return meanings
