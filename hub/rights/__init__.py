"""Rights of the people who are watched, as admins see to them: erasure (GDPR, article 17).

What erasing does is in `erasure.py`; `routes` asks `may` first.
"""
