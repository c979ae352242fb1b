"""The directory as admins keep it: who is here, in which team, with which roles. What anybody does with their time is none of its business.

`listing` reads, `acts` changes people, `teams` their tree, `routes` asks `may` first.
"""
