//! Addresses of WebSockets, as people type them.

use ws101::address::{Address, AddressError};

#[test]
fn an_address_is_of_one_form() {
    let address = |url: &str| url.parse::<Address>();
    let plain = address("ws://localhost:8080/chat?name=bob").unwrap();
    assert_eq!((plain.tls, plain.host.as_str(), plain.port), (false, "localhost", 8080));
    assert_eq!(plain.target, "/chat?name=bob");
    assert_eq!(plain.authority(), "localhost:8080");
    let rootless = address("ws://localhost?name=bob").unwrap();
    assert_eq!(rootless.target, "/?name=bob", "a request's target begins with /");
    let secure = address("wss://[::1]").unwrap();
    assert_eq!((secure.tls, secure.host.as_str(), secure.port), (true, "::1", 443));
    assert_eq!(secure.to_string(), "wss://[::1]/");
    let named = address("WS://localhost/чат?name=Боб и Аня").unwrap();
    assert_eq!(
        named.target, "/%D1%87%D0%B0%D1%82?name=%D0%91%D0%BE%D0%B1%20%D0%B8%20%D0%90%D0%BD%D1%8F",
        "a target is sent as browsers send it"
    );
    let page = address("http://localhost").unwrap_err();
    assert_eq!(page, AddressError::Page("http".to_owned(), "ws"));
    assert_eq!(address("ws://a/#b"), Err(AddressError::Fragment));
    for odd in [
        "",
        "localhost:8080",
        "ws:/a",
        "ws://",
        "ws://a:99999",
        "ws://a:x",
        "ws://b:c@a",
        "ftp://a",
    ] {
        assert!(address(odd).is_err(), "{odd}");
    }
}
