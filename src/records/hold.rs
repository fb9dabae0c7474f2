//! One server to a folder of records: two would delete and write over what is each other's, recordings of calls going on among it.
//!
//! It is a lock on `<path>/server.lock`, which the system undoes when the process ends, however it does. Commands beside a server do not ask for it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::private_folder;

/// For as long as it lives no other server begins in this folder.
#[derive(Debug)]
pub struct Hold {
    _lock: File,
}

impl Hold {
    /// Creates the folder if it is not there.
    pub fn take(records: &Path) -> io::Result<Self> {
        private_folder(records)?;
        let path = records.join("server.lock");
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(io::Error::other("another server uses it (server.lock)")),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_server_s_until_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let records = folder.path().join("records");
        let held = Hold::take(&records).unwrap();
        assert!(Hold::take(&records).unwrap_err().to_string().contains("another server"));
        drop(held);
        Hold::take(&records).unwrap();
    }
}
