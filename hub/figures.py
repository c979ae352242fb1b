"""Figures that the hub keeps of itself: what each is called and means, and the counts of this process.

The live path adds to `FIGURES` with plain attributes, which cost next to nothing; a histogram is observed once a commit at most.
`metrics.py` turns all of it into samples when somebody asks. Nothing here says anything about a person: no names, no ids.
`python -m hub.figures > docs/metrics.md` writes the table of them.
"""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from prometheus_client import CollectorRegistry, Histogram

PREFIX = "daylight_"


class Described(msgspec.Struct, frozen=True):
    """One figure. `of`: of each hub process, or of the whole deployment as the database and the queue have it."""

    name: str
    """Without prefix; a counter's ends in `_total`."""
    kind: Literal["counter", "gauge", "histogram"]
    text: str
    of: Literal["process", "deployment"] = "process"
    labels: tuple[str, ...] = ()


DESCRIBED = (
    Described("agents", "gauge", "Agents connected to this process."),
    Described("viewers", "gauge", "Viewers connected to this process."),
    Described("viewer_frames_total", "counter", "Frames sent to viewers."),
    Described("feed_lag_seconds", "gauge", "From publishing a beat to hearing it back through the feed, last measured."),
    Described("feed_stale", "gauge", "1 while the feed is away and viewers are told so."),
    Described("feed_stale_seconds_total", "counter", "Time for which the feed was away."),
    Described("commit_seconds", "histogram", "Transactions of the store, from taking cursors to COMMIT."),
    Described("commit_rows", "histogram", "Rows of a transaction of the store: the size of a batch."),
    Described("rows_total", "counter", "Rows of interval written."),
    Described("submissions_total", "counter", "Batches and losses answered."),
    Described("commit_retries_total", "counter", "Groups that had to be committed again."),
    Described("store_depth", "gauge", "Submissions that wait or are being committed."),
    Described("events_seen_total", "counter", "Events dropped since they were stored before."),
    Described("resends_total", "counter", "Gaps in the numbers that were asked for again."),
    Described("quarantined_total", "counter", "Events set aside."),
    Described("declared_lost_total", "counter", "Numbers that devices declared lost."),
    Described("fenced_total", "counter", "Connections replaced by a later one of the same device."),
    Described("epochs_renewed_total", "counter", "New epochs issued."),
    Described("agent_refused_total", "counter", "Connections ended for what the peer did.", labels=("reason",)),
    Described("pool_size", "gauge", "Database connections of this process."),
    Described("pool_idle", "gauge", "Those of them that nobody uses."),
    Described("pool_waiting", "gauge", "Tasks that wait for a database connection."),
    Described("pool_acquires_total", "counter", "Times that a database connection was asked for."),
    Described("pool_wait_seconds_total", "counter", "Time spent waiting for one."),
    Described("loop_lag_seconds", "gauge", "How much later than asked for the event loop last woke a sleeper."),
    Described("tasks", "gauge", "Tasks of the process that answers: one for each connection, and some that are always there."),
    Described("process_age_seconds", "gauge", "Age of what this process last said of itself.", labels=("process",)),
    Described("database_read", "gauge", "1 when the figures of the deployment could be read.", "deployment"),
    Described("runs", "gauge", "Runs of the worker's jobs that are kept, by state.", "deployment", ("job", "state")),
    Described("run_success_age_seconds", "gauge", "Since a run of this job last ended well.", "deployment", ("job",)),
    Described("run_failed", "gauge", "1 when the last run of this job that ended has failed.", "deployment", ("job",)),
    Described("run_open_age_seconds", "gauge", "How long the open run of this job has been due.", "deployment", ("job",)),
    Described("rollup_marks", "gauge", "Marks that wait for the rollup job, counted up to 100,000.", "deployment"),
    Described("rollup_behind_seconds", "gauge", "How long the oldest mark waits that a run could have taken.", "deployment"),
    Described("partitions", "gauge", "Days of interval that are attached.", "deployment"),
    Described("partition_oldest_timestamp_seconds", "gauge", "Start of the oldest of them.", "deployment"),
    Described("partition_newest_timestamp_seconds", "gauge", "Start of the newest of them.", "deployment"),
    Described("partition_days_ahead", "gauge", "Days after today for which there is one.", "deployment"),
    Described("partition_detach_pending", "gauge", "Days whose removal waits for somebody who still reads.", "deployment"),
    Described("queue_depth", "gauge", "Jobs in the queue that no worker has taken.", "deployment"),
    Described("queue_active", "gauge", "Jobs in the queue that a worker has taken.", "deployment"),
)  # fmt: skip
BY_NAME = {described.name: described for described in DESCRIBED}

COMMIT_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Up to the transaction's own limit of 10 s."""
COMMIT_ROWS = (0, 1, 5, 20, 50, 100, 200, 500, 1000, 2000)
"""Up to the store's 1,000 rows a group, and what the cutting of events adds."""


def _histogram(name: str, buckets: tuple[float, ...]) -> Histogram:
    return Histogram(PREFIX + name, BY_NAME[name].text, buckets=buckets, registry=CollectorRegistry())


@dataclass(slots=True)
class Figures:
    """Since the process started. Counts only grow, unless it says "now"."""

    commits: int = 0
    rows: int = 0
    submissions: int = 0
    commit_seconds: Histogram = field(default_factory=lambda: _histogram("commit_seconds", COMMIT_S))
    commit_rows: Histogram = field(default_factory=lambda: _histogram("commit_rows", COMMIT_ROWS))
    retries: int = 0
    """Groups that had to be committed again."""
    seen: int = 0
    """Events that had been stored before, and were dropped."""
    resends: int = 0
    """Gaps in the numbers that were asked for again."""
    quarantined: int = 0
    lost: int = 0
    fenced: int = 0
    epochs_renewed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Connections closed for what they sent, by the lower-case name of the close code."""
    agents: int = 0
    """Connected now."""
    viewers: int = 0
    """Connected now."""
    frames_to_viewers: int = 0
    feed_lag_s: float = 0.0
    """Last measured, from publishing a beat to hearing it."""
    pool_waiting: int = 0
    """Now."""
    pool_acquires: int = 0
    pool_wait_s: float = 0.0
    loop_lag_s: float = 0.0
    _stale_since: float | None = None
    _stale_s: float = 0.0

    def committed(self, seconds: float, row_count: int, submissions: int) -> None:
        self.commits += 1
        self.rows += row_count
        self.submissions += submissions
        self.commit_seconds.observe(seconds)
        self.commit_rows.observe(row_count)

    def feed_is(self, healthy: bool) -> None:
        """Notes that the feed went away or is back. Idempotent."""
        if healthy and self._stale_since is not None:
            self._stale_s, self._stale_since = self.stale_s, None
        elif not healthy and self._stale_since is None:
            self._stale_since = time.monotonic()

    @property
    def stale(self) -> bool:
        return self._stale_since is not None

    @property
    def stale_s(self) -> float:
        """All the time for which the feed was away."""
        return self._stale_s + (time.monotonic() - self._stale_since if self._stale_since is not None else 0.0)


FIGURES = Figures()


def document() -> str:
    """The table of all figures, as Markdown."""
    lines = [
        "# Figures of itself",
        "",
        "`GET /metrics` on a hub's own address, in the text format of Prometheus; the proxy does not pass it on. Written by",
        "`python -m hub.figures > docs/metrics.md`.",
        "",
        "Figures of a *process* are what one hub process did since it started. Where several share a port, any of them answers for all of",
        "them, with a label `process`; `daylight_process_age_seconds` says how old its word is, and one that is silent for "
        f"{FORGOTTEN_S:.0f} s is",
        "left out. Figures of the *deployment* are read from PostgreSQL and the queue, at most every "
        f"{READ_EVERY_S:.0f} s. Every hub gives the same: take",
        "`max` over hubs, not `sum`. What can't be read is left out.",
        "",
        "| figure | kind | of | labels | what it says |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{PREFIX}{one.name}` | {one.kind} | {one.of} | {', '.join(f'`{label}`' for label in one.labels)} | {one.text} |"
        for one in DESCRIBED
    ]
    return "\n".join(lines) + "\n"


FORGOTTEN_S = 30.0
"""A process that has not spoken for this long has ended, or might as well have."""
READ_EVERY_S = 5.0
"""However often somebody asks."""

if __name__ == "__main__":
    sys.stdout.write(document())
