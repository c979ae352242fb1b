"""What `daylight verify` asks PostgreSQL, in SQL. All of it runs in one transaction, on temporary tables that end with it."""

# What the ledger says.
TABLES = """
    SET LOCAL work_mem = '256MB'; SET LOCAL jit = off; SET LOCAL temp_buffers = '128MB';
    CREATE TEMP TABLE told (
        device int, epoch int, seq bigint, started_at timestamptz, ended_at timestamptz, acked boolean) ON COMMIT DROP;
    CREATE TEMP TABLE told_device (device int, uid uuid, from_epoch int, from_seq bigint) ON COMMIT DROP;
    CREATE TEMP TABLE told_loss (device int, epoch int, from_seq bigint, to_seq bigint, acked_seq bigint) ON COMMIT DROP;
    CREATE TEMP TABLE told_moved (device int, epoch int, seq bigint) ON COMMIT DROP;
"""

# What the database says of the same devices, by the ledger's own numbers for them, and as far as the ledger reaches back.
GATHER = """
    ANALYZE told; ANALYZE told_device; ANALYZE told_moved;
    CREATE TEMP TABLE scope ON COMMIT DROP AS
        SELECT told_device.device, device.id, from_epoch, from_seq FROM told_device JOIN device ON device.uid = told_device.uid;
    CREATE TEMP TABLE pieces ON COMMIT DROP AS
        SELECT scope.device, epoch, seq, piece, started_at, ended_at FROM scope JOIN "interval" ON "interval".device = scope.id
        WHERE (epoch, seq) >= (from_epoch, from_seq);
    CREATE TEMP TABLE found ON COMMIT DROP AS
        SELECT device, epoch, seq, count(*) AS pieces, count(DISTINCT piece) AS numbers, max(piece) AS last,
            min(started_at) AS started_at, max(ended_at) AS ended_at, sum(ended_at - started_at) AS lasted
        FROM pieces GROUP BY device, epoch, seq;
    CREATE TEMP TABLE set_aside ON COMMIT DROP AS
        SELECT scope.device, epoch, seq, count(*) AS receipts FROM scope JOIN quarantine ON quarantine.device = scope.id
        WHERE (epoch, seq) >= (from_epoch, from_seq) GROUP BY scope.device, epoch, seq;
    CREATE TEMP TABLE declared ON COMMIT DROP AS
        SELECT scope.device, epoch, loss.from_seq, to_seq FROM scope JOIN loss ON loss.device = scope.id
        WHERE (epoch, to_seq) >= (scope.from_epoch, scope.from_seq);
    CREATE TEMP TABLE gone ON COMMIT DROP AS
        SELECT scope.device, start_at, end_at FROM scope JOIN device ON device.id = scope.id JOIN erased_days USING (person);
    ANALYZE found; ANALYZE set_aside; ANALYZE declared; ANALYZE gone;
    CREATE TEMP TABLE judged ON COMMIT DROP AS
        SELECT told.*, found.seq IS NOT NULL AS stored, set_aside.seq IS NOT NULL AS quarantined,
            EXISTS (SELECT FROM declared WHERE declared.device = told.device AND declared.epoch = told.epoch
                    AND told.seq BETWEEN from_seq AND to_seq) AS declared_lost,
            EXISTS (SELECT FROM gone WHERE gone.device = told.device
                    AND told.started_at < gone.end_at AND told.ended_at > gone.start_at) AS erased
        FROM told LEFT JOIN found USING (device, epoch, seq) LEFT JOIN set_aside USING (device, epoch, seq);
"""

FIGURES = """
    SELECT count(*) AS generated, count(*) FILTER (WHERE acked) AS acked, count(*) FILTER (WHERE stored) AS stored,
        count(*) FILTER (WHERE quarantined) AS quarantined, count(*) FILTER (WHERE declared_lost) AS declared_lost,
        count(*) FILTER (WHERE NOT (stored OR quarantined OR declared_lost OR erased)) AS lost
    FROM judged
"""

ACKED = "acked, and not in the database"

# What should not be; a query that selects device, epoch, number and a detail; and whether it counts as a duplicate.
QUESTIONS = (
    (
        ACKED,
        "SELECT device, epoch, seq, '' FROM judged WHERE acked AND NOT (stored OR quarantined OR declared_lost OR erased)",
        False,
    ),
    (
        "acked, and later declared lost: the hub had forgotten it",
        """SELECT device, epoch, seq, '' FROM judged WHERE acked AND declared_lost AND EXISTS (
            SELECT FROM told_loss gone WHERE gone.device = judged.device AND gone.epoch = judged.epoch
            AND judged.seq BETWEEN gone.from_seq AND gone.to_seq AND judged.seq <= gone.acked_seq)""",
        False,
    ),
    (
        "never acked, and not in the database (or the ledger ends before all was quiet)",
        "SELECT device, epoch, seq, '' FROM judged WHERE NOT acked AND NOT (stored OR quarantined OR declared_lost OR erased)",
        False,
    ),
    (
        "generated twice under one number",
        "SELECT device, epoch, seq, '' FROM told GROUP BY device, epoch, seq HAVING count(*) > 1",
        True,
    ),
    (
        "a piece stored twice",
        "SELECT device, epoch, seq, format(': %s rows for %s pieces', pieces, numbers) FROM found WHERE pieces <> numbers",
        True,
    ),
    (
        "stored under a number that it had before it was renumbered",
        "SELECT device, epoch, seq, '' FROM told_moved JOIN found USING (device, epoch, seq)",
        True,
    ),
    (
        "in the database in two ways (stored, quarantined, declared lost)",
        "SELECT device, epoch, seq, '' FROM judged WHERE stored::int + quarantined::int + declared_lost::int > 1 "
        "UNION ALL SELECT device, epoch, seq, format(': %s receipts', receipts) FROM set_aside WHERE receipts > 1",
        True,
    ),
    (
        "stored over time that is stored already",
        """SELECT device, epoch, seq, format(' piece %s: begins at %s, before %s', piece, started_at, before) FROM (
            SELECT *, max(ended_at) OVER (PARTITION BY device ORDER BY started_at, epoch, seq, piece
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM pieces) ordered
        WHERE started_at < before""",
        True,
    ),
    (
        "stored otherwise than it was generated",
        """SELECT device, epoch, seq, format(': %s pieces from %s to %s', pieces, found.started_at, found.ended_at)
        FROM found JOIN (SELECT * FROM judged WHERE NOT erased) told USING (device, epoch, seq)
        WHERE pieces = numbers AND (found.started_at <> told.started_at OR found.ended_at <> told.ended_at
            OR lasted <> told.ended_at - told.started_at OR last + 1 <> pieces)""",
        False,
    ),
    (
        "stored across a quarter-hour",
        """SELECT device, epoch, seq, format(' piece %s', piece) FROM pieces
        WHERE ended_at > date_bin('15 minutes', started_at, '2000-01-01Z') + interval '15 minutes'""",
        False,
    ),
    (
        "in the database, and never generated",
        """SELECT device, epoch, seq, ' stored' FROM found WHERE NOT EXISTS (
            SELECT FROM told WHERE (told.device, told.epoch, told.seq) = (found.device, found.epoch, found.seq))
            AND NOT EXISTS (
            SELECT FROM told_moved old WHERE (old.device, old.epoch, old.seq) = (found.device, found.epoch, found.seq))
        UNION ALL SELECT device, epoch, seq, ' quarantined' FROM set_aside WHERE NOT EXISTS (
            SELECT FROM told WHERE (told.device, told.epoch, told.seq) = (set_aside.device, set_aside.epoch, set_aside.seq))""",
        False,
    ),
    (
        "lost by the hub's account, and never declared so by the device",
        """SELECT device, epoch, seq, '' FROM judged WHERE declared_lost AND NOT EXISTS (
            SELECT FROM told_loss gone WHERE gone.device = judged.device AND gone.epoch = judged.epoch
            AND judged.seq BETWEEN gone.from_seq AND gone.to_seq)""",
        False,
    ),
)
