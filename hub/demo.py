"""The demo organisation: Halden, 40 people in five teams. All of them are marked as simulated; no device of theirs exists yet."""

from datetime import UTC, datetime, timedelta

from hub.database import transaction
from hub.people import ensure_organisation, insert_person, insert_team
from hub.tables import Person, Team

MAIL_DOMAIN = "halden.example"
ZONE = "Europe/Oslo"
HISTORY = timedelta(days=14)
"""Of work, that their devices send first. They are in their teams since a day before: managers see the time in which people were theirs."""

TEAMS = {
    "Payments": [
        "Amara Okafor", "Mateusz Zieliński", "Priya Menon", "Hana Kobayashi", "Lukas Brandt", "Chloé Lambert",
        "Kwame Mensah", "Linh Nguyen", "Jakub Horák",
    ],
    "Platform": [
        "Ingrid Dahl", "Ravi Iyer", "Oksana Shevchenko", "Tomás Herrera", "Mei Chen", "Bilal Khan", "Anneli Saarinen",
        "Samuel Adeyemi", "Rin Tanaka",
    ],
    "Design": ["Sofia Rossi", "Noor Haddad", "Aoife Byrne", "Elif Kaya", "Pedro Alves", "Zanele Dlamini"],
    "Support": [
        "Leila Aziz", "Diego Castro", "Thabo Mokoena", "Marta Silva", "Yusuf Demir", "Freya Lindqvist", "Emeka Nwosu",
        "Ana Popescu",
    ],
    "Finance": [
        "Tariq Hussain", "Ewa Nowak", "Mikkel Sørensen", "Fatou Diallo", "Luca Moretti", "Nadia Petrova", "Owen Hughes",
        "Yara Santos",
    ],
}  # fmt: skip
"""Team names and who is in them."""

# Letters of names that an address spells otherwise.
_ASCII = str.maketrans({"ń": "n", "é": "e", "á": "a", "ø": "o"})


async def seed_demo() -> tuple[str, ...]:
    """Makes what is missing of the demo organisation; returns the addresses of its people. Idempotent, and safe when concurrent."""
    joined_at = datetime.now(UTC) - HISTORY - timedelta(days=1)
    async with transaction():
        root = await ensure_organisation(demo=True)
        teams = {row["name"]: row["id"] for row in await Team.select(Team.id, Team.name).where(Team.parent == root)}
        known = {row["email"] for row in await Person.select(Person.email).where(Person.simulated.eq(True))}
        for team, names in TEAMS.items():
            if team not in teams:
                teams[team] = await insert_team(team, root)
            for name in names:
                if email_of(name) not in known:
                    await insert_person(
                        email_of(name), name, zone=ZONE, team=teams[team], since_at=joined_at, simulated=True
                    )
    return tuple(email_of(name) for names in TEAMS.values() for name in names)


def email_of(name: str) -> str:
    """The address of somebody of the demo: first.last@halden.example."""
    return f"{'.'.join(name.lower().translate(_ASCII).split())}@{MAIL_DOMAIN}"
