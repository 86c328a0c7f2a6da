//! Which port of the loopback address the server gets.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// What the caller wants.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PortWish {
    /// This one if it is free (stable addresses over restarts), else any.
    Prefer(Option<u16>),
    /// This one and no other, because clients already know it.
    Exactly(u16),
}

impl PortWish {
    /// A port that is free now. On a later attempt the preferred one has been lost to somebody and any will do.
    pub(crate) fn pick(self, attempt: u32) -> io::Result<u16> {
        match self {
            Self::Exactly(port) => Ok(port),
            Self::Prefer(Some(port)) if attempt == 0 && is_free(port) => Ok(port),
            Self::Prefer(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr().map(|address| address.port()),
        }
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preferred_port_that_is_taken_is_replaced() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_ne!(PortWish::Prefer(Some(port)).pick(0).unwrap(), port);
        assert_eq!(PortWish::Exactly(port).pick(0).unwrap(), port);
    }
}
