"""Presence between hub processes: each device's latest record, by team, and word of every change.

`contract.py` says what a feed does; `redis.py` and `memory.py` keep it and pass the same tests. `record.py` is what they carry.
"""
