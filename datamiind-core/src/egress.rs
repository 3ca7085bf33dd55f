//! The egress policy: which addresses this process may dial for a user.
//!
//! Users type hosts into forms, so a connector is a way to make our process
//! speak to addresses of someone's choosing. The policy decides on the
//! *resolved* address at each dial, never on the name alone; by default only
//! public addresses pass. An IPv4 address that hides in an IPv6 one (mapped,
//! compatible, NAT64, 6to4, Teredo) is judged by what it hides.
//!
//! The ranges are those of the IANA special-purpose registries (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::{Error, ErrorKind, Result};

/// Which addresses may be dialled.
///
/// ```
/// use datamiind_core::EgressPolicy;
///
/// let policy = EgressPolicy::public();
/// assert!(policy.check("203.0.114.7".parse().unwrap(), "api.example.com").is_ok());
/// assert!(policy.check("169.254.169.254".parse().unwrap(), "metadata").is_err());
/// assert!(policy.check("::ffff:10.0.0.1".parse().unwrap(), "x").is_err());
///
/// let policy = policy.allow_host("db.internal");
/// assert!(policy.check("10.0.0.1".parse().unwrap(), "db.internal").is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressPolicy {
    public: bool,
    all: bool,
    hosts: Vec<String>,
    networks: Vec<(IpAddr, u8)>,
}

impl Default for EgressPolicy {
    fn default() -> Self {
        Self::public()
    }
}

impl EgressPolicy {
    /// Allows public addresses only. This is the default.
    #[must_use]
    pub fn public() -> Self {
        Self { public: true, all: false, hosts: Vec::new(), networks: Vec::new() }
    }

    /// Allows nothing but what is added.
    #[must_use]
    pub fn closed() -> Self {
        Self { public: false, ..Self::public() }
    }

    /// Allows everything: for a process in which only its own operator names hosts.
    #[must_use]
    pub fn open() -> Self {
        Self { all: true, ..Self::public() }
    }

    /// Allows a host by name, whatever it resolves to.
    #[must_use]
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(normal(&host.into()));
        self
    }

    /// Allows a network: an address and the length of its prefix in bits.
    #[must_use]
    pub fn allow_network(mut self, network: IpAddr, prefix: u8) -> Self {
        self.networks.push((network, prefix));
        self
    }

    /// Decides on one resolved address, dialled for this host.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Permission`] with `host` and `address`.
    pub fn check(&self, address: IpAddr, host: &str) -> Result<()> {
        let judged = unwrapped(address);
        let allowed = self.all
            || self.hosts.contains(&normal(host))
            || self.networks.iter().any(|(net, prefix)| contains(*net, *prefix, judged))
            || (self.public && is_public(judged));
        if allowed {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Permission, "the egress policy refuses this address")
            .with("host", host)
            .with("address", address)
            .hinted("allow the host in the egress policy, if it is yours"))
    }
}

fn normal(host: &str) -> String {
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// Returns the IPv4 address that hides in an IPv6 one, or the address itself.
fn unwrapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match [a, b, c, d, e, f] {
        // Mapped (RFC 4291, 2.5.5.2), and compatible but for :: and ::1.
        [0, 0, 0, 0, 0, 0xffff] => v4(g, h),
        [0, 0, 0, 0, 0, 0] if (g, h) != (0, 0) && (g, h) != (0, 1) => v4(g, h),
        // NAT64 (RFC 6052) and 6to4 (RFC 3056).
        [0x64, 0xff9b, 0, 0, 0, 0] => v4(g, h),
        [0x2002, high, low, ..] => v4(high, low),
        // Teredo (RFC 4380) stores the client's address inverted.
        [0x2001, 0, ..] => v4(!g, !h),
        _ => address,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    // Global unicast is 2000::/3; what lies outside is never public.
    let [a, b, ..] = v6.segments();
    let global = a & 0xe000 == 0x2000;
    let special = matches!((a, b), (0x2001, 0..=0x1ff | 0xdb8)) || a == 0x3fff;
    global && !special
}

fn contains(network: IpAddr, prefix: u8, address: IpAddr) -> bool {
    let (net, addr, width) = match (network, address) {
        (IpAddr::V4(n), IpAddr::V4(a)) => (u128::from(u32::from(n)), u128::from(u32::from(a)), 32),
        (IpAddr::V6(n), IpAddr::V6(a)) => (u128::from(n), u128::from(a), 128),
        _ => return false,
    };
    let shift = u32::from(width - prefix.min(width));
    net.checked_shr(shift) == addr.checked_shr(shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> bool {
        EgressPolicy::public().check(address.parse().unwrap(), "h").is_err()
    }

    #[test]
    fn addresses_that_are_not_public_are_refused_in_every_disguise() {
        let bad = [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "192.0.0.192",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:1:2:3:4:f5ff:fffe",
            "fe80::1",
            "fec0::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "100::1",
            "5f00::1",
        ];
        for address in bad {
            assert!(refused(address), "{address} passed");
        }
        for address in ["1.1.1.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(!refused(address), "{address} was refused");
        }
    }

    #[test]
    fn a_network_is_allowed_by_its_prefix() {
        let policy = EgressPolicy::closed().allow_network("10.2.0.0".parse().unwrap(), 16);
        assert!(policy.check("10.2.255.1".parse().unwrap(), "h").is_ok());
        assert!(policy.check("10.3.0.1".parse().unwrap(), "h").is_err());
        assert!(policy.check("1.1.1.1".parse().unwrap(), "h").is_err());
        let all = EgressPolicy::closed().allow_network("0.0.0.0".parse().unwrap(), 0);
        assert!(all.check("1.1.1.1".parse().unwrap(), "h").is_ok());
    }
}
