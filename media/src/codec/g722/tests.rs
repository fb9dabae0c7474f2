//! Our G.722 against ITU-T G.191's reference software: signals made here, the octets and samples it gave for them as digests.
//!
//! The digests were taken by hand on 2026-11-21 from `g722demo` of G.191 (STL, src/g722), which is not kept here for its licence. Its
//! own recordings are tried where there is a copy of them: [`the_recordings_of_g_191_come_out_octet_for_octet`].

use super::*;

/// Samples of each signal: a second and a bit, whole blocks of the reference program.
const LENGTH: usize = 16 * 1_024;

/// FNV-1a.
fn digest(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

struct Noise(u32);

impl Noise {
    fn next(&mut self) -> i32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) as i32 - 32_768
    }
}

/// Nearly a sine, in whole numbers, so that it is the same on every machine: two parabolas a turn of 65,536.
fn wave(phase: u32, level: i32) -> i16 {
    let turn = (phase & 0xffff) as i32;
    let half = turn & 0x7fff;
    let arch = ((half >> 1) * ((0x8000 - half) >> 1)) >> 11;
    let height = (arch.min(32_767) * level) >> 15;
    if turn < 0x8000 { height as i16 } else { -height as i16 }
}

/// From 30 Hz to 8 kHz and beyond, where it folds back.
fn sweep(level: i32) -> Vec<i16> {
    let mut phase = 0;
    (0..LENGTH as u32)
        .map(|n| {
            phase += 120 + 2 * n;
            wave(phase, level)
        })
        .collect()
}

fn noise(level: i32) -> Vec<i16> {
    let mut noise = Noise(7);
    (0..LENGTH).map(|_| ((noise.next() * level) >> 15) as i16).collect()
}

fn square(half: usize) -> Vec<i16> {
    (0..LENGTH).map(|n| if (n / half).is_multiple_of(2) { i16::MAX } else { i16::MIN }).collect()
}

/// Syllables: a buzz with its overtones and a hiss, swelling and fading from nothing to full scale.
fn syllables() -> Vec<i16> {
    let mut noise = Noise(3);
    (0..LENGTH as u32)
        .map(|n| {
            let swell = i32::from(wave(n * 16, 32_767)).abs();
            let buzz = [1, 2, 3, 5, 8, 13].map(|over| i32::from(wave(n * 573 * over, 5_000))).iter().sum::<i32>();
            let hiss = noise.next() >> 4;
            (((buzz + hiss) * swell) >> 15) as i16
        })
        .collect()
}

/// Every kind of sound that may be encoded.
fn signals() -> Vec<(&'static str, Vec<i16>)> {
    let impulses = (0..LENGTH).map(|n| if n % 997 == 500 { i16::MIN } else { 0 }).collect();
    let steps = (0..LENGTH).map(|n| [0, i16::MAX, -1, i16::MIN, 1, 1_000, -20_000, 0][n / 512 % 8]).collect();
    vec![
        ("silence", vec![0; LENGTH]),
        ("the smallest level", vec![1; LENGTH]),
        ("the largest level", vec![i16::MAX; LENGTH]),
        ("the lowest level", vec![i16::MIN; LENGTH]),
        ("impulses", impulses),
        ("steps", steps),
        ("squares of 8 kHz", square(1)),
        ("squares of 4 kHz", square(2)),
        ("squares of 1.1 kHz", square(7)),
        ("squares of 50 Hz", square(160)),
        ("sweep, full scale", sweep(32_767)),
        ("sweep at -20 dB", sweep(3_277)),
        ("sweep at -60 dB", sweep(33)),
        ("noise, full scale", noise(32_767)),
        ("noise at -20 dB", noise(3_277)),
        ("noise at -50 dB", noise(104)),
        ("noise at -80 dB", noise(3)),
        ("syllables", syllables()),
    ]
}

/// Every kind of payload that may come, an encoder's or not.
fn payloads() -> Vec<(&'static str, Vec<u8>)> {
    let mut noise = Noise(11);
    vec![
        ("any octets", (0..LENGTH).map(|_| noise.next() as u8).collect()),
        ("every octet for 64", (0..LENGTH).map(|n| (n / 64) as u8).collect()),
        ("every octet in turn", (0..LENGTH).map(|n| n as u8).collect()),
        ("zeros, which no encoder sends", vec![0; LENGTH]),
        ("ones", vec![0xff; LENGTH]),
    ]
}

fn encoded(audio: &[i16]) -> Vec<u8> {
    let mut octets = vec![0; audio.len() / 2];
    assert_eq!(Encoder::new().encode(audio, &mut octets), Some(octets.len()));
    octets
}

fn decoded(octets: &[u8]) -> Vec<i16> {
    let mut audio = vec![0; octets.len() * 2];
    assert_eq!(Decoder::new().decode(octets, &mut audio), Some(audio.len()));
    audio
}

fn of_samples(audio: &[i16]) -> u64 {
    digest(audio.iter().flat_map(|sample| sample.to_le_bytes()))
}

/// Of each signal: the reference's octets, and its samples for these.
const ENCODED: [(&str, u64, u64); 18] = [
    ("silence", 0x162a_61f0_1103_a6ad, 0xdc08_1047_c0a7_de62),
    ("the smallest level", 0x9331_9a4b_a550_f058, 0x50bc_a857_2a89_13a2),
    ("the largest level", 0x27fd_a2d2_8ebf_3a79, 0x51dc_05d9_914d_0ae1),
    ("the lowest level", 0x5eeb_c4ec_907a_5397, 0x3454_acf2_108c_9428),
    ("impulses", 0xc781_b5b0_eefa_b299, 0x3291_e571_5183_8933),
    ("steps", 0x2e2d_a5ac_71c4_d3d8, 0xd715_5143_04c0_38ed),
    ("squares of 8 kHz", 0x50ac_48b0_7823_ef1d, 0x792a_0598_2b98_b7ff),
    ("squares of 4 kHz", 0x7fdc_e8e2_5cc9_d23d, 0x4a39_a988_c4ad_4a73),
    ("squares of 1.1 kHz", 0x4b9c_99b0_8ebf_e413, 0x313b_51f3_6dfa_01cd),
    ("squares of 50 Hz", 0xc9de_8b65_3177_04f5, 0xddbf_35b0_3941_ca8f),
    ("sweep, full scale", 0x8c86_e581_51cc_ddea, 0x6483_b63f_0821_c767),
    ("sweep at -20 dB", 0xe2da_ef37_f24a_488b, 0x336f_c30b_8995_6c72),
    ("sweep at -60 dB", 0xb7dc_ecb6_16f5_04ab, 0x51dd_943a_ebcb_3c99),
    ("noise, full scale", 0xbe73_58ac_de87_55fd, 0x2c55_d75a_d0ce_50af),
    ("noise at -20 dB", 0x4222_f952_b929_8892, 0x40d6_a9bd_f6b7_7b98),
    ("noise at -50 dB", 0x8149_4d09_27d8_381e, 0xe1f4_9356_3128_a76d),
    ("noise at -80 dB", 0x534a_ca66_8a0e_d8ea, 0xceec_8b32_e977_5810),
    ("syllables", 0xaa40_df18_0c17_1c58, 0xd6c9_db46_8b8c_dac2),
];

/// Of each payload: the reference's samples.
const DECODED: [(&str, u64); 5] = [
    ("any octets", 0xf9c8_5320_660f_e060),
    ("every octet for 64", 0x9c8e_9fad_503c_a0e3),
    ("every octet in turn", 0x1744_db64_2478_02c2),
    ("zeros, which no encoder sends", 0x51f8_ba16_81ca_4957),
    ("ones", 0xae75_0630_b878_fea5),
];

#[test]
fn every_signal_gives_the_octets_and_the_samples_of_the_reference() {
    let ours = signals().into_iter().map(|(name, audio)| {
        let octets = encoded(&audio);
        (name, digest(octets.iter().copied()), of_samples(&decoded(&octets)))
    });
    assert_eq!(ours.collect::<Vec<_>>(), ENCODED);
}

#[test]
fn every_payload_gives_the_samples_of_the_reference_an_encoders_or_not() {
    let ours = payloads().into_iter().map(|(name, octets)| (name, of_samples(&decoded(&octets))));
    assert_eq!(ours.collect::<Vec<_>>(), DECODED);
}

#[test]
fn a_recorded_reader_gives_the_octets_and_the_samples_of_the_reference() {
    let path = "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0870.wav";
    let mut reader = hound::WavReader::open(path)
        .unwrap_or_else(|error| panic!("{path}: {error}; install the Debian package pocketsphinx-testdata"));
    let audio: Vec<i16> = reader.samples().take(112_640).map(|sample| sample.unwrap()).collect();
    let octets = encoded(&audio);
    let digests = (digest(octets.iter().copied()), of_samples(&decoded(&octets)));
    assert_eq!(digests, (0x469f_cc16_23b6_76a8, 0xa042_5649_b037_a6cc));
}

#[test]
#[ignore = "needs the ITU's files: G722_VECTORS=DIR, a copy of src/g722/test_data of G.191's software tool library"]
fn the_recordings_of_g_191_come_out_octet_for_octet() {
    let folder =
        std::env::var("G722_VECTORS").expect("G722_VECTORS names the folder with inpsp.bin, codspw.cod and outsp1.bin");
    let [input, octets, output] = [
        ("inpsp.bin", 0xbaa3_2956_c896_d7c5),
        ("codspw.cod", 0x8dee_e94d_df7a_b78d),
        ("outsp1.bin", 0x9f79_e647_6534_7279),
    ]
    .map(|(name, wanted)| {
        let bytes = std::fs::read(format!("{folder}/{name}")).unwrap();
        assert_eq!(digest(bytes.iter().copied()), wanted, "{name} is another file than the one of 2026-11-21");
        bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect::<Vec<_>>()
    });
    // Of each word of the reference's file the lower half is an octet.
    let octets: Vec<u8> = octets.into_iter().map(|word| word as u8).collect();
    assert!(encoded(&input) == octets, "the encoder strays");
    assert!(decoded(&octets) == output, "the decoder strays");
}

#[test]
fn frames_one_by_one_give_what_the_whole_gives_and_too_little_room_gives_nothing() {
    let audio = syllables();
    let mut encoder = Encoder::new();
    let mut octets = Vec::new();
    for frame in audio.chunks(320) {
        let mut payload = [0; 160];
        let count = encoder.encode(frame, &mut payload).unwrap();
        octets.extend_from_slice(&payload[..count]);
    }
    assert_eq!(octets, encoded(&audio));
    assert_eq!(Encoder::new().encode(&[0; 320], &mut [0; 159]), None);
    assert_eq!(Decoder::new().decode(&[0; 160], &mut [0; 319]), None);
}
