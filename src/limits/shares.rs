//! The connections of each network, and which of them makes room for others.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

/// Connections, each with its network, a key by which those of one network are ordered, and a value.
///
/// [`next`](Self::next) is the connection to cut when there is no room: of the network that has most
/// connections, the first. So a flood from one network cuts its own connections and no others.
/// Each operation takes O(log n) time.
#[derive(Debug)]
pub(crate) struct Shares<K, V> {
    /// A network without connections is removed.
    networks: HashMap<IpAddr, BTreeMap<K, V>>,
    /// The networks, ordered by how many connections they have; of equal ones, the network whose
    /// first connection is the least comes last.
    ranks: BTreeSet<(usize, Reverse<K>, IpAddr)>,
    len: usize,
}

impl<K, V> Default for Shares<K, V> {
    fn default() -> Self {
        Self { networks: HashMap::new(), ranks: BTreeSet::new(), len: 0 }
    }
}

impl<K: Copy + Ord, V> Shares<K, V> {
    /// The number of all connections.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The number of connections of a network.
    pub(crate) fn of(&self, network: IpAddr) -> usize {
        self.networks.get(&network).map_or(0, BTreeMap::len)
    }

    /// The connection to cut next.
    pub(crate) fn next(&self) -> Option<(IpAddr, K, &V)> {
        let &(_, Reverse(key), network) = self.ranks.last()?;
        Some((network, key, self.networks.get(&network)?.get(&key)?))
    }

    /// Adds a connection. `key` must be new in its network.
    pub(crate) fn insert(&mut self, network: IpAddr, key: K, value: V) {
        self.change(network, |connections| connections.insert(key, value));
        self.len += 1;
    }

    /// Removes a connection; `None` if it is not there.
    pub(crate) fn remove(&mut self, network: IpAddr, key: K) -> Option<V> {
        let removed = self.change(network, |connections| connections.remove(&key));
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// Changes a network's connections and its rank with them.
    fn change<T>(&mut self, network: IpAddr, change: impl FnOnce(&mut BTreeMap<K, V>) -> T) -> T {
        let rank = |connections: &BTreeMap<K, V>| {
            let (&first, _) = connections.first_key_value()?;
            Some((connections.len(), Reverse(first), network))
        };
        let connections = self.networks.entry(network).or_default();
        let before = rank(connections);
        let changed = change(connections);
        let after = rank(connections);
        if after.is_none() {
            self.networks.remove(&network);
        }
        if let Some(before) = before {
            self.ranks.remove(&before);
        }
        self.ranks.extend(after);
        changed
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_oldest_of_the_largest_network_is_next_and_nothing_of_it_stays() {
        let [one, two] = [1, 2].map(|last| IpAddr::from(Ipv4Addr::new(192, 0, 2, last)));
        let mut shares = Shares::default();
        for (network, key) in [(one, 1), (two, 2), (two, 3), (one, 4), (two, 5)] {
            shares.insert(network, key, ());
        }
        let mut order = Vec::new();
        while let Some((network, key, ())) = shares.next() {
            assert_eq!(shares.remove(network, key), Some(()));
            assert_eq!(shares.remove(network, key), None);
            order.push(key);
        }
        // Three of `two`, then two of each, then one of each: of equal networks the one with the oldest.
        assert_eq!(order, [2, 1, 3, 4, 5]);
        assert_eq!((shares.len(), shares.of(one)), (0, 0));
        assert!(shares.networks.is_empty() && shares.ranks.is_empty());
    }
}
