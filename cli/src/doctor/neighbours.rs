//! Other devices of the network that have talked to this computer: where there are some, the Wi-Fi does not
//! keep devices apart. That there are none proves nothing.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// The longest that the system may take to list them.
const LISTED: Duration = Duration::from_secs(5);

/// Whether the network of `own` has another device beside the router.
pub async fn are_there(own: IpAddr) -> bool {
    let IpAddr::V4(own) = own else { return false };
    let table = match tokio::fs::read_to_string("/proc/net/arp").await {
        Ok(table) => table,
        Err(_) => asked().await.unwrap_or_default(),
    };
    others(&table, own) > 1
}

/// The table as macOS and Windows print it.
async fn asked() -> Option<String> {
    let mut command = Command::new("arp");
    command.arg("-a").kill_on_drop(true);
    let output = timeout(LISTED, command.output()).await.ok()?.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// How many other devices of the same /24 have an address of their hardware in the table.
fn others(table: &str, own: Ipv4Addr) -> usize {
    let network = |ip: Ipv4Addr| [ip.octets()[0], ip.octets()[1], ip.octets()[2]];
    let is_device = |ip: &Ipv4Addr| {
        network(*ip) == network(own) && *ip != own && !matches!(ip.octets()[3], 0 | 255)
    };
    let devices = table.lines().filter(|line| line.split_whitespace().any(is_hardware));
    let words = devices.flat_map(str::split_whitespace);
    let found = words.filter_map(|word| word.trim_matches(['(', ')']).parse().ok());
    found.filter(is_device).collect::<BTreeSet<_>>().len()
}

/// `a4:5e:60:d1:12:01`, `0:1b:63:…`, `a4-5e-60-d1-12-01`; zeros stand for no answer.
fn is_hardware(word: &str) -> bool {
    let parts: Vec<_> = word.split([':', '-']).collect();
    let are_hex = parts.iter().all(|part| u8::from_str_radix(part, 16).is_ok());
    parts.len() == 6 && are_hex && parts.iter().any(|part| !part.trim_matches('0').is_empty())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::others;

    #[test]
    fn a_device_that_answered_counts_and_no_other() {
        let own = Ipv4Addr::new(192, 168, 1, 20);
        let linux = "IP address       HW type     Flags       HW address            Mask     Device\n\
            192.168.1.1      0x1         0x2         a4:5e:60:d1:12:01     *        wlan0\n\
            192.168.1.33     0x1         0x2         a4:5e:60:d1:12:02     *        wlan0\n\
            192.168.1.40     0x1         0x0         00:00:00:00:00:00     *        wlan0\n\
            10.0.0.7         0x1         0x2         a4:5e:60:d1:12:03     *        eth0\n";
        assert_eq!(others(linux, own), 2);
        let mac = "? (192.168.1.1) at a4:5e:60:d1:12:1 on en0 ifscope [ethernet]\n\
            ? (192.168.1.50) at (incomplete) on en0 ifscope [ethernet]\n\
            ? (192.168.1.255) at ff:ff:ff:ff:ff:ff on en0 ifscope [ethernet]\n";
        assert_eq!(others(mac, own), 1);
        let windows = "Interface: 192.168.1.20 --- 0x5\r\n  192.168.1.1    a4-5e-60-d1-12-01     dynamic\r\n\
            \x20 192.168.1.33   a4-5e-60-d1-12-02     dynamic\r\n";
        assert_eq!(others(windows, own), 2);
    }
}
