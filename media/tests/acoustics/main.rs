//! What a leg makes of recorded speech: voices, echoes, tones, through the codecs and a telephone's band.
//!
//! The recordings are the Debian package `pocketsphinx-testdata` (LibriVox readers, 16 kHz).

mod cleaning;
mod echo;
mod recordings;
mod voice;
