"""Rights of the people who are watched: what they ask about their data (GDPR, articles 16, 17 and 18), what admins answer, and legal holds.

What erasing does is in `erasure.py`, and what restricting hides is decided in `auth/access.py`; `routes` asks `may` first.
"""
