-- ARGV[3]: the epoch of the place; 4: its number; 5: the most entries; 6: the time to live of a topic in ms.
if epoch ~= known[1] or run ~= known[2] then
    redis.call('HSET', meta, 'epoch', epoch, 'run', run, 'seq', string.format('%.0f', seq))
end
redis.call('PEXPIRE', log, ARGV[6])
redis.call('PEXPIRE', meta, ARGV[6])
local from = '-'
if ARGV[3] == epoch and tonumber(ARGV[4]) <= seq then
    from = '(' .. ARGV[4] .. '-0'
end
return {epoch, seq, redis.call('XRANGE', log, from, '+', 'COUNT', ARGV[5])}
