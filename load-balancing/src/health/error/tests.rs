use std::error::Error as _;
use std::io::ErrorKind;

use simplon_core::error::Kind;

use super::*;

#[test]
fn what_is_our_own_fault_says_nothing_about_the_backend() {
    let refused = CheckError::from(Error::upstream(Kind::Refused));
    assert!(refused.is_conclusive());
    assert_eq!(refused.to_string(), "upstream: connection refused");
    let no_port = CheckError::from(Error::internal(Kind::Io(ErrorKind::AddrNotAvailable)));
    assert!(!no_port.is_conclusive());
    assert!(no_port.source().is_some());
}
