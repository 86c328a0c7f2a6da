//! The superuser's password: made once, kept in a file of mode 0600.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::error::{At as _, Error};
use crate::files;

/// Bytes of chance in a password.
const LENGTH: usize = 32;

/// Reads the password, or makes one when the file is missing; the flag says that it is new.
pub(crate) fn read_or_make(file: &Path) -> Result<(String, bool), Error> {
    if let Some(password) = files::read_if_there(file)?.filter(|text| !text.is_empty()) {
        return Ok((password, false));
    }
    let password = random_hex::<LENGTH>()?;
    files::private_file(file, &password)?;
    Ok((password, true))
}

/// `N` random bytes of the system as lower-case hexadecimal.
pub(crate) fn random_hex<const N: usize>() -> Result<String, Error> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0_u8; N];
    File::open(source).and_then(|mut file| file.read_exact(&mut bytes)).at("read", source)?;
    Ok(bytes.iter().fold(String::with_capacity(2 * N), |mut text, byte| {
        // Writing to a string cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_password_is_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pg.password");
        let (made, new) = read_or_make(&file).unwrap();
        assert!(new);
        assert_eq!(made.len(), 2 * LENGTH);
        assert_eq!(read_or_make(&file).unwrap(), (made, false));
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
