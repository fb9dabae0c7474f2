//! Where recordings are once they are over, if not on the disk.

use super::super::Failure;
use super::runtime;
use crate::clinic::Clinic;
use crate::config::Config;
use crate::records::bucket::Bucket;

/// Asks the bucket, if there is one, and says what was found. It and its keys are the same for all clinics.
pub(super) fn asked(config: &Config, clinics: &[Clinic]) -> Result<(), Failure> {
    let (Some(s3), Some(clinic)) = (&config.records.s3, clinics.first()) else { return Ok(()) };
    let bucket = Bucket::open(s3, clinic.tenant()).map_err(Failure::usage)?;
    runtime()?.block_on(bucket.answers()).map_err(Failure::unavailable)?;
    println!("audio    recordings go to bucket {} at {} ({}), sealed", s3.bucket, s3.endpoint, s3.place());
    Ok(())
}
