//! Connection addresses for the superuser.

use std::fmt::Write as _;

/// The superuser's name in every cluster made here.
pub(crate) const SUPERUSER: &str = "postgres";

/// `postgres://postgres:password@127.0.0.1:port/database`; the password is hexadecimal, the database's name is escaped.
pub(crate) fn superuser_url(password: &str, port: u16, database: &str) -> String {
    let mut url = format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/");
    for byte in database.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            _ = write!(url, "%{byte:02X}");
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_with_an_odd_name_is_escaped() {
        assert_eq!(superuser_url("ab", 5433, "my db/1"), "postgres://postgres:ab@127.0.0.1:5433/my%20db%2F1");
    }
}
