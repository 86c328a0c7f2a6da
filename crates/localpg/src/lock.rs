//! Advisory file locks between processes; the system drops them when a process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::error::{At as _, Error};
use crate::files;

/// Opens a lock file, which is made when missing and never removed.
pub(crate) fn open(file: &Path) -> Result<File, Error> {
    files::open_private(file, OpenOptions::new().read(true).write(true))
}

/// Takes the lock alone and waits for it as long as it takes; dropping the file gives it back.
pub(crate) fn exclusive(file: &Path) -> Result<File, Error> {
    let lock = open(file)?;
    if !alone(&lock, file)? {
        tracing::info!(file = %file.display(), "waiting for another process that starts or stops the database");
        lock.lock().at("lock", file)?;
    }
    Ok(lock)
}

/// Takes the lock together with others.
pub(crate) fn shared(file: &Path) -> Result<File, Error> {
    let lock = open(file)?;
    lock.lock_shared().at("lock", file)?;
    Ok(lock)
}

/// Tries to take the lock alone, without waiting; false when somebody else has it.
pub(crate) fn alone(lock: &File, file: &Path) -> Result<bool, Error> {
    match lock.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error).at("lock", file),
    }
}
