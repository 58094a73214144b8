-- Begins every script that touches a log. KEYS: the log, its meta. ARGV: a name for a new epoch, and "1" if
-- the store loses nothing when it is killed. All that is read is read before the first write, so that an error
-- about somebody else's data changes nothing.
local log, meta = KEYS[1], KEYS[2]
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local known = redis.call('HMGET', meta, 'epoch', 'run', 'seq')
local epoch, seq = known[1], tonumber(known[3] or '0')
local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
last = last and tonumber(string.match(last[1], '^%d+')) or 0
if not seq or last > seq then
    return redis.error_reply('FOREIGN ' .. log)
end
-- Entries are gone, or the store was started again and may have lost its last ones.
if not epoch or last < seq or (known[2] ~= run and ARGV[2] ~= '1') then
    epoch = ARGV[1]
end
