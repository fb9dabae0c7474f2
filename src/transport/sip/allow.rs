//! Decides which addresses may ring without a password, and how much any address may send.
//!
//! The list answers "is this a peer we know"; the limiter is a token bucket per address (per /64 for IPv6) in a table of
//! fixed size, so that a flood costs neither memory nor parsing. Pure: time is an argument.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

use attendant_media::time::Time;
use serde::{Deserialize, Serialize};

/// Addresses the limiter remembers: 4,096 x 48 bytes; a wider flood is refused as a whole rather than stored.
const ADDRESSES: usize = 4_096;

/// A full table is searched for idle addresses no more often than this, so that a flood does not pay for a search a packet.
const SWEEP: Duration = Duration::from_secs(1);

/// A network in CIDR notation; a bare address is a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    pub fn contains(self, ip: IpAddr) -> bool {
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                network.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                network.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is no network; write for example 192.76.120.0/24 or 10.1.2.3");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let address = address.to_canonical();
        let longest = if address.is_ipv4() { 32 } else { 128 };
        match prefix.unwrap_or(longest) {
            prefix if prefix <= longest => Ok(Self { address, prefix }),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Loopback and private networks: what may ring by default. Nobody on the Internet may until named.
pub fn private_networks() -> Vec<Network> {
    [
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    ]
    .iter()
    .map(|text| text.parse().expect("the literals above are networks"))
    .collect()
}

/// Whether an address is reached without leaving the site.
pub fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified(),
    }
}

/// A rate with room for bursts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub per_second: f64,
    pub burst: f64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Time,
}

/// One token bucket per address.
#[derive(Debug)]
pub struct Limiter {
    rate: Rate,
    buckets: HashMap<IpAddr, Bucket>,
    /// When a full table may be swept again.
    sweep_at: Time,
}

impl Limiter {
    pub fn new(rate: Rate) -> Self {
        Self { rate, buckets: HashMap::with_capacity(ADDRESSES), sweep_at: Time::ZERO }
    }

    /// Takes one token of this address. `false`: it has sent too much, or too many addresses send at once.
    pub fn take(&mut self, ip: IpAddr, now: Time) -> bool {
        let key = site(ip);
        let rate = self.rate;
        if !self.buckets.contains_key(&key) && self.buckets.len() >= ADDRESSES {
            if now >= self.sweep_at {
                self.buckets.retain(|_, bucket| refilled(*bucket, rate, now) < rate.burst);
                self.sweep_at = now + SWEEP;
            }
            if self.buckets.len() >= ADDRESSES {
                return false;
            }
        }
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: rate.burst, at: now });
        let tokens = refilled(*bucket, rate, now);
        let allowed = tokens >= 1.0;
        *bucket = Bucket { tokens: if allowed { tokens - 1.0 } else { tokens }, at: now };
        allowed
    }
}

fn refilled(bucket: Bucket, rate: Rate, now: Time) -> f64 {
    (bucket.tokens + now.since(bucket.at).as_secs_f64() * rate.per_second).min(rate.burst)
}

/// What one subscriber holds: an IPv4 address, or an IPv6 /64.
pub(super) fn site(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_hold_their_addresses_and_no_others() {
        let telnyx: Network = "192.76.120.0/24".parse().unwrap();
        assert!(telnyx.contains(ip("192.76.120.31")));
        assert!(telnyx.contains(ip("::ffff:192.76.120.31")));
        assert!(!telnyx.contains(ip("192.76.121.31")));
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains(ip("8.8.8.8")) && !all.contains(ip("2001:db8::1")));
        let one: Network = "2001:db8::1".parse().unwrap();
        assert!(one.contains(ip("2001:db8::1")) && !one.contains(ip("2001:db8::2")));
        assert_eq!(one.to_string(), "2001:db8::1/128");
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "all", "10.0.0.1/-1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn nobody_on_the_internet_is_allowed_by_default() {
        let networks = private_networks();
        let allowed = |text: &str| networks.iter().any(|network| network.contains(ip(text)));
        assert!(allowed("127.0.0.1") && allowed("192.168.1.20") && allowed("172.31.0.1") && allowed("::1"));
        assert!(!allowed("192.76.120.31") && !allowed("172.32.0.1") && !allowed("2001:db8::1"));
    }

    #[test]
    fn an_address_that_sends_too_much_is_refused_until_it_waits() {
        let mut limiter = Limiter::new(Rate { per_second: 10.0, burst: 2.0 });
        let (a, b) = (ip("192.0.2.1"), ip("192.0.2.2"));
        assert!(limiter.take(a, Time::ZERO) && limiter.take(a, Time::ZERO));
        assert!(!limiter.take(a, Time::ZERO));
        assert!(limiter.take(b, Time::ZERO));
        assert!(limiter.take(a, Time::from_millis(100)));
        assert!(!limiter.take(a, Time::from_millis(100)));
    }

    #[test]
    fn neighbours_in_one_ipv6_site_share_a_bucket() {
        let mut limiter = Limiter::new(Rate { per_second: 1.0, burst: 1.0 });
        assert!(limiter.take(ip("2001:db8::1"), Time::ZERO));
        assert!(!limiter.take(ip("2001:db8::2"), Time::ZERO));
        assert!(limiter.take(ip("2001:db8:0:1::2"), Time::ZERO));
    }

    #[test]
    fn a_flood_from_many_addresses_does_not_grow_the_table() {
        let mut limiter = Limiter::new(Rate { per_second: 1.0, burst: 2.0 });
        for index in 0..10_000_u32 {
            limiter.take(IpAddr::from(index.to_be_bytes()), Time::ZERO);
        }
        assert_eq!(limiter.buckets.len(), ADDRESSES);
        assert!(
            limiter.take(ip("9.9.9.9"), Time::from_millis(5_000)),
            "old entries make room once they are full again"
        );
        assert!(limiter.buckets.len() < ADDRESSES);
    }
}
