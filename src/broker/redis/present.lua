-- KEYS[1]: the names of nodes. ARGV: the prefix of the nodes' own keys, this node, what it says, for how
-- many ms. The prefix has the topic in braces, so all keys are in one slot of a cluster.
redis.call('SADD', KEYS[1], ARGV[2])
redis.call('SET', ARGV[1] .. ARGV[2], ARGV[3], 'PX', ARGV[4])
local here, gone = {}, {}
for _, node in ipairs(redis.call('SMEMBERS', KEYS[1])) do
    local says = redis.call('GET', ARGV[1] .. node)
    if says then
        here[#here + 1] = {node, says}
    else
        redis.call('SREM', KEYS[1], node)
        gone[#gone + 1] = node
    end
end
return {here, gone}
