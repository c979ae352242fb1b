"""Rollups: an exact continuous aggregate of `interval`. The worker rolls up (`job.py`), pages and the wall read (`read.py`)."""
