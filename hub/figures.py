"""Counts that the live path keeps of itself, in one process. Read by `/metrics` and by tests; never by the live path."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Figures:
    """Since the process started. Counts only grow."""

    commits: int = 0
    commit_s: float = 0.0
    rows: int = 0
    submissions: int = 0
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

    def committed(self, seconds: float, row_count: int, submissions: int) -> None:
        self.commits += 1
        self.commit_s += seconds
        self.rows += row_count
        self.submissions += submissions

    def as_text(self) -> str:
        """In the text format that Prometheus reads."""
        lines = []
        for name, (kind, help_text, value) in self._described().items():
            lines += [
                f"# HELP daylight_{name} {help_text}",
                f"# TYPE daylight_{name} {kind}",
                f"daylight_{name} {value}",
            ]
        lines += [
            "# HELP daylight_agent_refused_total Connections ended for what the peer did.",
            "# TYPE daylight_agent_refused_total counter",
            *(
                f'daylight_agent_refused_total{{reason="{reason}"}} {count}'
                for reason, count in sorted(self.refused.items())
            ),
        ]
        return "\n".join(lines) + "\n"

    def _described(self) -> dict[str, tuple[str, str, float]]:
        return {
            "agents": ("gauge", "Agents connected to this process.", self.agents),
            "viewers": ("gauge", "Viewers connected to this process.", self.viewers),
            "commits_total": ("counter", "Transactions of the store.", self.commits),
            "commit_seconds_total": ("counter", "Time spent in them.", round(self.commit_s, 6)),
            "rows_total": ("counter", "Rows of interval written.", self.rows),
            "submissions_total": ("counter", "Batches and losses answered.", self.submissions),
            "commit_retries_total": ("counter", "Groups that had to be committed again.", self.retries),
            "events_seen_total": ("counter", "Events dropped since they were stored before.", self.seen),
            "resends_total": ("counter", "Gaps in the numbers that were asked for again.", self.resends),
            "quarantined_total": ("counter", "Events set aside.", self.quarantined),
            "declared_lost_total": ("counter", "Numbers that devices declared lost.", self.lost),
            "fenced_total": ("counter", "Connections replaced by a later one of the same device.", self.fenced),
            "epochs_renewed_total": ("counter", "New epochs issued.", self.epochs_renewed),
            "viewer_frames_total": ("counter", "Frames sent to viewers.", self.frames_to_viewers),
        }


FIGURES = Figures()
