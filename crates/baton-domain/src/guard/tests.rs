use super::*;
use proptest::prelude::*;

fn private() -> AllowList {
    AllowList { private: true, ..AllowList::default() }
}

#[track_caller]
fn check(url: &str, allow: &AllowList, expect: Result<(), FaultKind>) {
    assert_eq!(check_url(url, allow).map(|_| ()).map_err(|r| r.kind), expect, "{url}");
}

const OK: Result<(), FaultKind> = Ok(());
const BLOCKED: Result<(), FaultKind> = Err(FaultKind::BlockedAddress);
const INVALID: Result<(), FaultKind> = Err(FaultKind::InvalidRequest);

#[test]
fn by_default_only_https_to_the_internet_on_usual_ports() {
    let none = AllowList::default();
    for url in [
        "https://example.com/a?b=c",
        "https://example.com:443/",
        "https://example.com:8443/",
        "https://1.1.1.1/",
        "https://[2606:4700:4700::1111]/",
        "HTTPS://EXAMPLE.com",
        "https://münchen.example/",
    ] {
        check(url, &none, OK);
    }
    for url in [
        "http://example.com/",
        "https://example.com:22/",
        "https://example.com:80/",
        "http://example.com:443/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "https://:pw@example.com/",
        "https://example.com@127.0.0.1/",
        "https://example.com:443@169.254.169.254/",
    ] {
        check(url, &none, BLOCKED);
    }
}

#[test]
fn every_way_to_write_a_local_address_is_read() {
    let none = AllowList::default();
    for url in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://0/",
        "https://127.0.0.1./",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1]/",
        "https://[2002:7f00:1::]/",
        "https://%31%32%37.0.0.1/",
        "https://１２７.0.0.1/",
        "https://127。0。0。1/",
        "https:/127.0.0.1/",
        "https:\\\\127.0.0.1/",
        "https://127.0.0.1\\@example.com/",
        "https://127.0.0.1#@example.com/",
        "https://127.0.0.1?@example.com/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/",
        "https://255.255.255.255/",
    ] {
        check(url, &none, BLOCKED);
    }
}

#[test]
fn what_is_no_url_is_invalid() {
    let none = AllowList::default();
    for url in [
        "",
        "example.com",
        "//example.com/",
        "https://",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://exa mple.com/",
        "https://example.com/a b",
        "https://example.com/\r\nHost: x",
        "https://exam\tple.com/",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://a<b/",
        "https://./",
    ] {
        check(url, &none, INVALID);
    }
    check(&format!("https://example.com/{}", "a".repeat(URL_BYTES_MAX)), &none, INVALID);
}

#[test]
fn refusals_say_what_would_open_the_target_and_what_would_not() {
    for (url, says, not) in [
        ("http://127.0.0.1:9000/", "start the server with --allow-private", "never"),
        ("https://192.168.1.4/", "start the server with --allow-private", "never"),
        ("https://169.254.169.254/", "never called, not even with --allow-private", "start"),
        ("https://169.254.1.1/", "--allow-private does not open", "start"),
    ] {
        let refusal = check_url(url, &AllowList::default()).unwrap_err();
        assert!(refusal.detail.contains(says), "{url}: {refusal}");
        assert!(!refusal.detail.contains(not), "{url}: {refusal}");
        assert!(!refusal.detail.contains("169.254") && !refusal.detail.contains("192.168"));
    }
}

#[test]
fn private_targets_when_allowed_but_never_metadata() {
    let private = private();
    for url in [
        "http://127.0.0.1:9000/",
        "http://localhost:3000/",
        "http://[::1]/",
        "https://192.168.1.4:8081/",
        "http://10.1.2.3/",
        "https://example.com:22/",
        "http://name.lan:5000/",
    ] {
        check(url, &private, OK);
    }
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "https://[fd00:ec2::254]/",
        "https://168.63.129.16/",
        "http://100.100.100.200/",
        "https://[::ffff:169.254.169.254]/",
        "https://169.254.1.1/",
        "http://1.1.1.1/",
        "https://0.0.0.0/",
        "https://user@127.0.0.1/",
    ] {
        check(url, &private, BLOCKED);
    }
}

#[test]
fn listed_networks_hosts_ports_and_plain_http() {
    let allow = AllowList {
        nets: vec!["10.1.0.0/16".parse().unwrap(), "169.254.0.0/16".parse().unwrap()],
        hosts: vec!["Crm.internal".into(), "192.168.7.7".into()],
        ..AllowList::default()
    };
    check("http://10.1.2.3:9000/", &allow, OK);
    check("http://[::ffff:10.1.2.3]:9000/", &allow, OK);
    check("http://crm.INTERNAL:9000/", &allow, OK);
    check("http://192.168.7.7:9000/", &allow, OK);
    check("http://169.254.1.1/", &allow, OK);
    check("http://10.2.0.1/", &allow, BLOCKED);
    check("http://169.254.169.254/", &allow, BLOCKED);

    let open = AllowList { http: true, ports: vec![9443], ..AllowList::default() };
    check("http://example.com/", &open, OK);
    check("http://example.com:8080/", &open, OK);
    check("https://example.com:9443/", &open, OK);
    check("https://example.com:9444/", &open, BLOCKED);
    check("http://127.0.0.1/", &open, BLOCKED);
}

#[test]
fn one_bad_address_among_many_refuses_the_target() {
    let target = |url| check_url(url, &private()).unwrap();
    let public: IpAddr = "1.1.1.1".parse().unwrap();
    let local: IpAddr = "127.0.0.1".parse().unwrap();
    let none = AllowList::default();
    let https = target("https://example.com/");
    assert!(vet(&https, &[public], &none).is_ok());
    assert!(vet(&https, &[public, local], &none).is_err());
    assert!(vet(&https, &[public, local], &private()).is_ok());
    let http = target("http://example.com/");
    assert!(vet(&http, &[local], &private()).is_ok());
    assert!(vet(&http, &[local, public], &private()).is_err(), "plain http to a public address");
}

#[test]
fn a_refusal_names_no_address() {
    let refusal = check_url("https://10.9.8.7/", &AllowList::default()).unwrap_err();
    assert!(!refusal.detail.contains("10.9"), "{refusal}");
}

#[test]
fn target_parts() {
    let target = check_url("https://Example.com:8443/a%20b?c=d#e", &AllowList::default()).unwrap();
    assert_eq!((target.host.as_str(), target.port), ("example.com", 8443));
    assert_eq!(target.authority, "example.com:8443");
    assert_eq!(target.path, "/a%20b?c=d");
    let target = check_url("https://[2606:4700::1]:443", &AllowList::default()).unwrap();
    assert_eq!((target.host.as_str(), target.port), ("2606:4700::1", 443));
    assert_eq!((target.authority.as_str(), target.path.as_str()), ("[2606:4700::1]", "/"));
}

proptest! {
    #[test]
    fn total(text in "\\PC{0,80}", host in "[0-9a-fx.:\\[\\]%@]{1,40}") {
        let _ = check_url(&text, &AllowList::default());
        let _ = check_url(&format!("https://{host}/"), &private());
    }

    #[test]
    fn no_literal_that_is_not_global_passes(bits: u32, form in 0..3u8) {
        let url = match form {
            0 => format!("https://{bits}/"),
            1 => format!("https://{bits:#x}/"),
            _ => format!("https://[::ffff:{:x}:{:x}]/", bits >> 16, bits & 0xffff),
        };
        let global = super::address::is_global(Ipv4Addr::from_bits(bits).into());
        prop_assert_eq!(check_url(&url, &AllowList::default()).is_ok(), global);
    }
}
