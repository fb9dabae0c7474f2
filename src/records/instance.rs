//! The name of a folder of records, and so of the server that has it: drawn once, and kept in its file `instance`.
//!
//! What is a server's own among those that share a database or Redis goes by this name. It stays when the machine is renamed or the folder moves. The
//! machine's name at the time is in it for people to read; two machines that are called alike differ in the rest.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{given_as, private_folder};

const FILE: &str = "instance";

/// Letters of the machine's name.
const MOST: usize = 40;

/// The name, drawn if there is none yet. Blocks on the disk.
pub fn instance(records: &Path) -> io::Result<String> {
    let path = records.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(name) if !name.trim().is_empty() => return Ok(name.trim().to_owned()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(_) | Err(_) => private_folder(records)?,
    }
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    file.lock()?;
    // Root may have run a command before the server did.
    if rustix::process::geteuid().is_root() {
        given_as(&file, records)?;
    }
    let mut name = String::new();
    file.read_to_string(&mut name)?;
    if name.trim().is_empty() {
        name = drawn(&std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default());
        file.write_all(format!("{name}\n").as_bytes())?;
        file.sync_all()?;
    }
    Ok(name.trim().to_owned())
}

fn drawn(machine: &str) -> String {
    let machine: String = machine.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(MOST).collect();
    let drawn = format!("{:08x}", rand::random::<u32>());
    if machine.is_empty() { drawn } else { format!("{machine}-{drawn}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_name_and_two_of_one_machine_differ() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        let name = instance(&one).unwrap();
        assert_eq!(instance(&one).unwrap(), name);
        assert_ne!(instance(&other).unwrap(), name);
        std::fs::write(one.join(FILE), "3fa9c2d1\n").unwrap();
        assert_eq!(instance(&one).unwrap(), "3fa9c2d1", "as a release before wrote it");
    }

    #[test]
    fn a_name_is_of_letters_digits_and_dashes_whatever_the_machine_is_called() {
        for (machine, begins) in [("clinic-1\n", "clinic-1-"), ("", ""), ("front desk.local", "frontdesklocal-")] {
            let name = drawn(machine);
            assert!(name.starts_with(begins) && name.len() == begins.len() + 8, "{name}");
        }
    }
}
