"""Backup and restore: what is kept of a deployment apart from it, and how it comes back. `docs/backup.md` tells it for operators.

    contents.py   what a backup and a file of keys are on disk, and whether they are whole
    programs.py   `pg_dump` and `pg_restore`: which ones, and how they are run
    taking.py     a backup of a hub that runs, or that is stopped
    restoring.py  into an empty place, checked against what was written down
    told.py       progress: a bar on a terminal, quiet lines elsewhere
    commands.py   `daylight backup` and `daylight restore`

Nothing here writes to the database that is backed up, but the row in its audit; nothing touches a place that is not empty.
"""
