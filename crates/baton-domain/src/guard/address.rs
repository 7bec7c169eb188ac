//! Which addresses are the public internet. Everything not known to be is refused.
//!
//! Sources: the IANA special-purpose address registries for IPv4 and IPv6, and the metadata
//! services of the large clouds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far an address reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// The public internet.
    Global,
    /// This machine or a private network; callable when private targets are allowed.
    Private,
    /// Link-local, documentation, multicast, tunnels, unassigned: only an explicit network or host
    /// in the allow-list opens it.
    Reserved,
    /// A cloud's metadata or credential service; nothing opens it.
    Metadata,
}

type Net4 = (Ipv4Addr, u32, Reach);
type Net6 = (Ipv6Addr, u32, Reach);

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u32, reach: Reach) -> Net4 {
    (Ipv4Addr::new(a, b, c, d), bits, reach)
}

/// IPv4 blocks that are not global; the first that holds the address decides.
const BLOCKS_V4: [Net4; 21] = [
    v4(169, 254, 169, 254, 32, Reach::Metadata), // most clouds
    v4(169, 254, 170, 2, 32, Reach::Metadata),   // AWS container credentials
    v4(169, 254, 170, 23, 32, Reach::Metadata),  // AWS pod identity
    v4(168, 63, 129, 16, 32, Reach::Metadata),   // Azure host agent
    v4(100, 100, 100, 200, 32, Reach::Metadata), // Alibaba
    v4(192, 0, 0, 192, 32, Reach::Metadata),     // Oracle
    v4(10, 0, 0, 0, 8, Reach::Private),
    v4(100, 64, 0, 0, 10, Reach::Private),
    v4(127, 0, 0, 0, 8, Reach::Private),
    v4(172, 16, 0, 0, 12, Reach::Private),
    v4(192, 168, 0, 0, 16, Reach::Private),
    v4(0, 0, 0, 0, 8, Reach::Reserved),
    v4(169, 254, 0, 0, 16, Reach::Reserved),
    v4(192, 0, 0, 0, 24, Reach::Reserved),
    v4(192, 0, 2, 0, 24, Reach::Reserved),
    v4(192, 88, 99, 0, 24, Reach::Reserved),
    v4(198, 18, 0, 0, 15, Reach::Reserved),
    v4(198, 51, 100, 0, 24, Reach::Reserved),
    v4(203, 0, 113, 0, 24, Reach::Reserved),
    v4(224, 0, 0, 0, 4, Reach::Reserved),
    v4(240, 0, 0, 0, 4, Reach::Reserved),
];

const fn v6(segments: [u16; 8], bits: u32, reach: Reach) -> Net6 {
    let [a, b, c, d, e, f, g, h] = segments;
    (Ipv6Addr::new(a, b, c, d, e, f, g, h), bits, reach)
}

/// IPv6 blocks; the first that holds the address decides, and what none holds is reserved.
const BLOCKS_V6: [Net6; 10] = [
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128, Reach::Metadata), // AWS
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23], 128, Reach::Metadata),  // AWS pod identity
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128, Reach::Metadata),  // Google
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, Reach::Private),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Reach::Private),
    // Protocol assignments: Teredo, benchmarking, ORCHID.
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Reach::Reserved),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, Reach::Reserved),
    // 6to4 reaches whatever IPv4 address it embeds.
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, Reach::Reserved),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Reach::Reserved),
    v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, Reach::Global),
];

/// `64:ff9b::/96`: a translator sends these to the IPv4 address in the last 32 bits.
const NAT64: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);

/// The address as the kernel will treat it: an IPv4-mapped IPv6 address is its IPv4 address.
#[must_use]
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// How far the address reaches; IPv4-mapped and NAT64 addresses by the IPv4 address inside.
#[must_use]
pub fn reach(address: IpAddr) -> Reach {
    match canonical(address) {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => {
            if address.to_bits() >> 32 == NAT64.to_bits() >> 32 {
                let [.., a, b, c, d] = address.octets();
                return reach_v4(Ipv4Addr::new(a, b, c, d));
            }
            BLOCKS_V6
                .iter()
                .find(|(net, bits, _)| (address.to_bits() ^ net.to_bits()) >> (128 - bits) == 0)
                .map_or(Reach::Reserved, |(_, _, reach)| *reach)
        }
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    BLOCKS_V4
        .iter()
        .find(|(net, bits, _)| (address.to_bits() ^ net.to_bits()) >> (32 - bits) == 0)
        .map_or(Reach::Global, |(_, _, reach)| *reach)
}

/// Whether the address is global unicast: the public internet and nothing else.
#[must_use]
pub fn is_global(address: IpAddr) -> bool {
    reach(address) == Reach::Global
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(addresses: &[&str], expect: Reach) {
        for text in addresses {
            assert_eq!(reach(text.parse().unwrap()), expect, "{text}");
        }
    }

    #[test]
    fn public_addresses_are_global() {
        check(
            &[
                "1.1.1.1",
                "8.8.8.8",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "168.63.129.15",
                "168.63.129.17",
                "169.253.255.255",
                "169.255.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.0.1.0",
                "192.0.3.0",
                "192.88.98.255",
                "192.88.100.0",
                "192.167.255.255",
                "192.169.0.0",
                "198.17.255.255",
                "198.20.0.0",
                "203.0.112.255",
                "203.0.114.0",
                "223.255.255.255",
                "2606:4700:4700::1111",
                "2001:4860:4860::8888",
                "2001:200::1",
                "2003::1",
                "3ffe::1",
                "64:ff9b::808:808",
                "::ffff:8.8.8.8",
            ],
            Reach::Global,
        );
    }

    #[test]
    fn private_networks_and_this_machine() {
        check(
            &[
                "10.0.0.0",
                "10.255.255.255",
                "100.64.0.0",
                "100.127.255.255",
                "127.0.0.1",
                "127.255.255.255",
                "172.16.0.0",
                "172.31.255.255",
                "192.168.0.1",
                "192.168.255.255",
                "::1",
                "fc00::",
                "fdff::1",
                "::ffff:127.0.0.1",
                "::ffff:10.1.2.3",
                "64:ff9b::7f00:1",
                "64:ff9b::a00:1",
            ],
            Reach::Private,
        );
    }

    #[test]
    fn reserved_blocks() {
        check(
            &[
                "0.0.0.0",
                "0.255.255.255",
                "169.254.0.1",
                "192.0.0.1",
                "192.0.2.1",
                "192.88.99.1",
                "198.18.0.0",
                "198.19.255.255",
                "198.51.100.7",
                "203.0.113.9",
                "224.0.0.1",
                "239.255.255.255",
                "240.0.0.0",
                "255.255.255.255",
                "::",
                "::127.0.0.1",
                "::2",
                "fe80::1",
                "fec0::1",
                "ff02::1",
                "100::1",
                "64:ff9b:1::1",
                "2001::1",
                "2001:0:7f00:1::",
                "2001:2::1",
                "2001:10::1",
                "2001:20::1",
                "2001:db8::1",
                "2002:7f00:1::1",
                "3fff::1",
                "3fff:fff::1",
                "4000::1",
                "5f00::1",
                "1fff::1",
                "::ffff:0.0.0.0",
                "::ffff:0:127.0.0.1",
                "64:ff9b::",
            ],
            Reach::Reserved,
        );
    }

    #[test]
    fn metadata_services() {
        check(
            &[
                "169.254.169.254",
                "169.254.170.2",
                "169.254.170.23",
                "168.63.129.16",
                "100.100.100.200",
                "192.0.0.192",
                "fd00:ec2::254",
                "fd00:ec2::23",
                "fd20:ce::254",
                "::ffff:169.254.169.254",
                "64:ff9b::a9fe:a9fe",
            ],
            Reach::Metadata,
        );
    }

    proptest! {
        #[test]
        fn total_and_the_same_for_mapped_addresses(bits: u128, low: u32) {
            let _ = is_global(Ipv6Addr::from_bits(bits).into());
            let v4 = Ipv4Addr::from_bits(low);
            prop_assert_eq!(reach(v4.into()), reach(v4.to_ipv6_mapped().into()));
        }

        #[test]
        fn no_ipv6_outside_the_unicast_block_is_global(bits: u128) {
            let address = Ipv6Addr::from_bits(bits);
            let embeds_v4 = address.to_ipv4_mapped().is_some()
                || bits >> 32 == NAT64.to_bits() >> 32;
            if bits >> 125 != 1 && !embeds_v4 {
                prop_assert!(!is_global(address.into()));
            }
        }
    }
}
