use super::*;

#[test]
fn addresses_that_only_this_network_can_reach_are_private() {
    let private = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.168.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::10.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2001::1",
        "2002:a00:1::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
    ];
    for address in private {
        assert!(is_private(address.parse().unwrap()), "{address}");
    }
}

#[test]
fn all_other_addresses_are_public() {
    let public = [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "151.101.0.223",
        "168.63.129.15",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.255.255",
        "192.169.0.0",
        "223.255.255.255",
        "::ffff:151.101.0.223",
        "64:ff9b::9765:df",
        "2001:db8::1",
        "2002:9765:df::1",
        "2a04:4e42::223",
        "fbff::1",
    ];
    for address in public {
        assert!(!is_private(address.parse().unwrap()), "{address}");
    }
}

#[test]
fn some_names_are_private_by_their_form() {
    for name in
        ["localhost", "LOCALHOST.", "a.localhost", "printer.local", "metadata.google.internal", "x.home.arpa", "intranet"]
    {
        assert!(is_private_name(name), "{name}");
    }
    for name in ["index.example", "local.example", "localhost.example", "xlocal.example."] {
        assert!(!is_private_name(name), "{name}");
    }
}

#[tokio::test]
async fn the_resolver_itself_refuses_names_with_private_addresses() {
    let resolve = async |reach, proxy_host| {
        let resolver = GuardedResolver { reach, proxy_host };
        let found = resolver.resolve("localhost".parse().unwrap()).await;
        found.map(|_| ()).map_err(|error| error.downcast_ref::<FetchError>().unwrap().clone())
    };
    assert_eq!(resolve(Reach::PublicOnly, None).await, Err(FetchError::PrivateAddress));
    assert_eq!(resolve(Reach::Anywhere, None).await, Ok(()));
    // The proxy that the user named is where the user says.
    assert_eq!(resolve(Reach::PublicOnly, Some("localhost".into())).await, Ok(()));
    assert_eq!(resolve(Reach::PublicOnly, Some("proxy.example".into())).await, Err(FetchError::PrivateAddress));
}

#[test]
fn a_host_that_was_public_once_stays_public() {
    let networks = Networks::default();
    let page = Url::parse("https://index.example/simple/a/").unwrap();
    let (public, private) = ("151.101.0.223:443".parse().ok(), "10.0.0.1:443".parse().ok());
    assert!(!networks.is(&page, Network::Private) && !networks.is(&page, Network::Public));
    networks.remember(&page, None);
    assert!(!networks.is(&page, Network::Private));
    networks.remember(&page, private);
    assert!(networks.is(&page, Network::Private));
    networks.remember(&page, public);
    networks.remember(&page, private);
    assert!(networks.is(&page, Network::Public));
}
