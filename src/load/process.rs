//! What a process on this machine costs, from /proc: processor time and resident memory.

use std::fs;
use std::io;

/// Clock ticks a second in /proc: 100 on every Linux that Debian ships.
const TICKS: f64 = 100.0;

/// At one moment, since the process began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    pub cpu_s: f64,
    pub resident_kib: u64,
}

impl Usage {
    pub fn of(pid: u32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        parse(&stat, &status).ok_or_else(|| io::Error::other("/proc has an unknown form"))
    }
}

fn parse(stat: &str, status: &str) -> Option<Usage> {
    // The second field is the name in brackets and may hold spaces; utime and stime are fields 14 and 15 (proc(5)).
    let mut after_name = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u64 = after_name.next()?.parse::<u64>().ok()? + after_name.next()?.parse::<u64>().ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(Usage {
        cpu_s: ticks as f64 / TICKS,
        resident_kib: resident.trim().trim_end_matches(" kB").trim().parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_confuse() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 9 0 100 1 1 1";
        let status = "Name:\tx\nVmRSS:\t   51200 kB\n";
        assert_eq!(parse(stat, status), Some(Usage { cpu_s: 3.0, resident_kib: 51_200 }));
    }
}
