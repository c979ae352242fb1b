"""The feed's scripts: each is one atomic step on the server that owns a team, and touches keys of that team's hash tag only.

A record is kept as its order, in digits of fixed width that compare as text, followed by its msgpack. A team's epoch lies beside its
rev, and begins with the server's `run_id`: a flush takes it away, and a server that restarts from an older file is another run.
Asking for the `run_id` costs 4 µs a call.
"""

MEMBERSHIP_DIGITS = 12
ORDER_DIGITS = MEMBERSHIP_DIGITS + 20 + 12


def order(of: tuple[int, int, int]) -> str:
    """`Record.order` as text that sorts like it."""
    membership, session, n = of
    return f"{membership:0{MEMBERSHIP_DIGITS}d}{session:020d}{n:012d}"


_RUN = r"""
local function run_id()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end
"""

# KEYS: head, records, left. Messages are msgpack, put together from parts that are: [team, epoch, rev, [record ...], [device ...]].
_TEAM = (
    _RUN
    + r"""
local function epoch_now()
  local run = string.sub(run_id(), 1, 12)
  local epoch = redis.call('HGET', KEYS[1], 'epoch')
  if not epoch or string.sub(epoch, 1, 12) ~= run then
    local now = redis.call('TIME')
    epoch = run .. '.' .. now[1] .. '.' .. now[2]
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'rev', 0)
  end
  return epoch
end

local function array(packed)
  return '\221' .. struct.pack('>I4', #packed) .. table.concat(packed)
end

local function tell(epoch, records, left)
  if #records + #left == 0 then return end
  local rev = redis.call('HINCRBY', KEYS[1], 'rev', 1)
  redis.call('SPUBLISH', ARGV[1], '\149' .. cmsgpack.pack(tonumber(ARGV[2])) .. cmsgpack.pack(epoch) .. cmsgpack.pack(rev)
    .. array(records) .. array(left))
end
"""
)

# ARGV: channel, team, then triples device, order, record. Returns the epoch.
PUBLISH = (
    _TEAM
    + r"""
local devices, newer, kept = {}, {}, {}
for i = 3, #ARGV, 3 do devices[#devices + 1] = ARGV[i] end
local known = redis.call('HMGET', KEYS[2], unpack(devices))
local lowest = redis.call('HMGET', KEYS[3], unpack(devices))
for i, device in ipairs(devices) do
  local order, record = ARGV[3 * i + 1], ARGV[3 * i + 2]
  if (not known[i] or string.sub(known[i], 1, #order) < order) and (not lowest[i] or lowest[i] <= string.sub(order, 1, #lowest[i])) then
    newer[#newer + 1] = record
    kept[#kept + 1] = device
    kept[#kept + 1] = order .. record
  end
end
local epoch = epoch_now()
if #kept > 0 then redis.call('HSET', KEYS[2], unpack(kept)) end
tell(epoch, newer, {})
return epoch
"""
)

# ARGV: channel, team, then pairs device, lowest membership that is accepted from now on.
REMOVE = (
    _TEAM
    + r"""
local gone = {}
for i = 3, #ARGV, 2 do
  local device, lowest = ARGV[i], ARGV[i + 1]
  local before = redis.call('HGET', KEYS[3], device)
  if not before or before < lowest then redis.call('HSET', KEYS[3], device, lowest) end
  local known = redis.call('HGET', KEYS[2], device)
  if known and string.sub(known, 1, #lowest) < lowest then
    redis.call('HDEL', KEYS[2], device)
    gone[#gone + 1] = cmsgpack.pack(tonumber(device))
  end
end
tell(epoch_now(), {}, gone)
"""
)

# Returns epoch, rev, and every kept record behind its order.
SNAPSHOT = (
    _TEAM
    + r"""
local epoch = epoch_now()
return {epoch, tonumber(redis.call('HGET', KEYS[1], 'rev')), redis.call('HVALS', KEYS[2])}
"""
)

# KEYS: mark. ARGV: channel of our beats, milliseconds that the mark is kept. Returns 1 when this server is the one that the last beat
# reached, with what it held then; else it was flushed, restarted or replaced. Writes before it publishes: one that takes no writes (out of
# memory, its disk full, a replica) would go on beating while no presence gets through.
BEAT = (
    _RUN
    + r"""
local run = run_id()
local kept = redis.call('SET', KEYS[1], run, 'PX', ARGV[2], 'GET') == run and 1 or 0
redis.call('SPUBLISH', ARGV[1], '')
return kept
"""
)

# KEYS: when each process was heard, its agents. ARGV: hub, agents, milliseconds after which a silent one is forgotten.
# Returns hub, agents, milliseconds of silence of each. Time is the server's own, so that no clock is compared with another.
LEASE = r"""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for _, hub in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', '(' .. (now - ARGV[3]), 'BYSCORE')) do
  redis.call('ZREM', KEYS[1], hub)
  redis.call('HDEL', KEYS[2], hub)
end
local heard, leases = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'), {}
for i = 1, #heard, 2 do
  leases[#leases + 1] = heard[i]
  leases[#leases + 1] = tonumber(redis.call('HGET', KEYS[2], heard[i]) or 0)
  leases[#leases + 1] = now - heard[i + 1]
end
return leases
"""

# KEYS as of LEASE. ARGV: hub. It stays known, as silent from now on: whoever starts after it counts its people as the others do.
RELEASE = r"""
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], 0)
"""

ALL = (PUBLISH, REMOVE, SNAPSHOT, BEAT, LEASE, RELEASE)
