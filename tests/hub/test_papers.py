"""The impact assessment and the works-council sheet say what is in force, in the reader's language, and print whatever people typed."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import typst
from msgspec import structs

from hub.papers import printed
from hub.papers.facts import Change, Facts, Rule, facts
from hub.papers.told import LANGUAGES, WORDS, Paper, assessment, sheet
from hub.policies import changes
from hub.policies.settings import Ceiling, CollectingHours, PolicySettings
from hub.settings import Settings

AT = datetime(2026, 5, 4, 9, 15, tzinfo=UTC)
EVERYBODY = Rule(
    team=None, people=41, app=True, site=False, title=False, input_counts=False, idle_limit_s=300,
    hours=CollectingHours(days=[0, 1, 4], from_min=480, until_min=1050), private_time=True,
    look_reason=False, title_days=30, app_days=90, count_days=365, activity_days=365, sum_days=730,
)  # fmt: skip
FACTS = Facts(
    made_at=AT, organisation="Halden", zone="Europe/Oslo", people=41, devices=40, watched=39, rules=[EVERYBODY], exceptions=0,
    ceiling=Ceiling(), ceiling_signed=None, proposed=False, managers=6, managed_teams=5, admins=1, auditors=1, representatives=1,
    programs=2, tokens=3, looks=132, requests=4, overdue=1, restricted=2, holds=3,
    store="", mail="mail.halden.example", provider="", changes=[], version=0,
    ceiling_version=0, digest="ab" * 32,
)  # fmt: skip
NASTY = '#panic("x") $ x^2 $ *b* _i_ `raw` \\ <a> [ ] { } "q" // /* @x = \u202e \u0000'


def said(paper: Paper) -> str:
    return msgspec.json.encode(paper).decode()


def test_documents_say_what_is_in_force_and_leave_blank_what_the_program_can_not_know() -> None:
    for tell in (assessment, sheet):
        paper = tell(FACTS, "en")
        text = said(paper)
        assert paper.meta[0] == ["Organisation", "Halden"]
        assert [block.rows for section in paper.sections for block in section.blocks if len(block.head) == 10] == [
            [["Everybody", "41", "yes", "no", "no", "no", "5 min", "Mon, Tue, Fri 08:00–17:30", "yes", "no"]]
        ]
        for what in (
            '["Titles","30 days"]',
            '["Activity: states, minute by minute","365 days"]',
            "mail.halden.example",
            '"6","what is collected',
            "5 in all",
            FACTS.digest,
            "the default, never changed",
            "Now open: 4, of these overdue: 1",
        ):
            assert what in text
        assert any(block.blanks for section in paper.sections for block in section.blocks)
    assert "Legal basis" in said(assessment(FACTS, "en"))


def test_documents_change_with_the_settings() -> None:
    last = Change(at=AT, scope="ceiling", team="", by="Dora", reason="For support", decided_by="Remy", state="signed")
    changed = structs.replace(
        FACTS,
        rules=[EVERYBODY, structs.replace(EVERYBODY, team="Support", people=3, title=True, hours=None, look_reason=True, title_days=7)],
        ceiling=Ceiling(title=True), ceiling_signed=last, proposed=True, representatives=0, version=4, changes=[last],
    )  # fmt: skip

    text = said(sheet(changed, "en"))

    for what in (
        '["Support","3","yes","no","yes","no","5 min","at any time","yes","yes"]', "proposed by Dora, signed by Remy",
        "Apps, Window titles",
        "waits for a representative's signature", "version 4", '["2026-05-04","Ceiling","Dora","For support","signed by Remy"]',
        "nobody can sign a higher ceiling", '["Titles","30 days; Support: 7 days"]',
    ):  # fmt: skip
        assert what in text
        assert what not in said(sheet(FACTS, "en"))
    night = structs.replace(EVERYBODY, hours=CollectingHours(days=[6], from_min=1320, until_min=360))
    assert "Sun 22:00–06:00 on the next day" in said(sheet(structs.replace(FACTS, rules=[night]), "en"))


def test_languages_have_the_same_words() -> None:
    def places(words: Any) -> Any:
        if isinstance(words, dict):
            return {name: places(word) for name, word in words.items()}
        if isinstance(words, list):
            return [places(word) for word in words]
        return sorted(part.split("}")[0] for part in words.split("{")[1:])

    assert places(WORDS["ar"]) == places(WORDS["en"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_people_typed_is_printed_as_it_is(language: str) -> None:
    typed = structs.replace(
        FACTS,
        organisation=NASTY,
        rules=[structs.replace(EVERYBODY, team=NASTY)],
        changes=[Change(at=AT, scope="team", team=NASTY, by=NASTY, reason=NASTY * 10, decided_by="", state="made")],
    )
    for tell in (assessment, sheet):
        paper = tell(typed, language)

        assert printed.printed(paper).startswith(b"%PDF-")
        headings = json.loads(
            typst.query(
                printed.TEMPLATE, "heading", field="body", root=printed.TEMPLATE.parent, font_paths=printed._fonts(),
                ignore_system_fonts=True, sys_inputs={"paper": said(structs.replace(paper, title=NASTY))},
            )
        )  # fmt: skip
        assert headings[0] == {"func": "text", "text": NASTY}


def test_fonts_of_both_languages_come_with_the_program() -> None:
    families = typst.Fonts(False, False, printed._fonts()).families()

    assert {"IBM Plex Sans", "IBM Plex Sans Arabic"} <= set(families)


async def test_who_may_gets_what_is_set_in_their_language(cast, open_browser, settings: Settings) -> None:
    before = await facts(settings)
    await changes.change("team", cast.support, 0, PolicySettings(idle_limit_s=600), "Long calls", cast.dora.id)
    found = await facts(settings)
    browser = open_browser()
    await browser.sign_in(cast.audrey)

    answer = await browser.get("/api/papers/works-council.pdf", params={"language": "ar"})
    wrong = await browser.get("/api/papers/works-council.pdf", params={"language": "xx"})

    assert before.digest != found.digest == (await facts(settings)).digest
    assert [(rule.team, rule.people, rule.idle_limit_s) for rule in found.rules] == [
        (None, 10, 300),
        ("Support", 3, 600),
    ]
    assert [(one.team, one.by, one.reason) for one in found.changes] == [("Support", cast.dora.name, "Long calls")]
    assert (found.organisation, found.managers, found.admins, found.auditors, found.representatives) == (
        "Halden",
        3,
        2,
        1,
        1,
    )
    assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert "works-council-2" in answer.headers["content-disposition"]
    assert wrong.status_code == 400
