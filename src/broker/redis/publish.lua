-- KEYS[3]: the request. ARGV[3]: its content; 4: its time to live in ms; 5: the payload; 6: the entries that are
-- kept; 7: the time to live of a topic in ms; 8: the channel.
local before = redis.call('GET', KEYS[3])
if before then
    local number, content = string.match(before, '^(%d+) (%x+)$')
    if number and tonumber(number) <= seq then
        return {epoch, tonumber(number), content == ARGV[3] and 'before' or 'otherwise'}
    end
end
seq = seq + 1
local number = string.format('%.0f', seq)
redis.call('XADD', log, 'MAXLEN', ARGV[6], number .. '-0', 'd', ARGV[5])
redis.call('HSET', meta, 'epoch', epoch, 'run', run, 'seq', number)
redis.call('SET', KEYS[3], number .. ' ' .. ARGV[3], 'PX', ARGV[4])
redis.call('PEXPIRE', log, ARGV[7])
redis.call('PEXPIRE', meta, ARGV[7])
redis.call('PUBLISH', ARGV[8], epoch .. ' ' .. number .. ' ' .. ARGV[5])
return {epoch, seq, 'new'}
