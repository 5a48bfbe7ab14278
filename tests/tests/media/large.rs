//! Files of hundreds of megabytes, in a process of their own whose memory is looked at. By hand: they take minutes.

use std::io::Write;
use std::path::Path;

use mixtape::{Credentials, Import};
use serde_json::json;

use super::tone;
use crate::stack::process::Server;

/// Resident memory of the whole local stack while it ingests, in bytes, at most.
const MOST_MEMORY: u64 = 256 * 1024 * 1024;

#[tokio::test]
#[ignore = "takes minutes and 3 GB of disk: cargo test --release -p tests -- --ignored --nocapture a_gigabyte"]
async fn a_gigabyte_of_wav_and_a_long_flac_fit_into_256_mb() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    std::fs::create_dir(&music).unwrap();
    wav(&music.join("gigabyte.wav"), (1 << 30) - 44);
    flac(&music.join("long.flac"), 200 << 20);
    let process = Server::start(&folder.path().join("data"), &[]);
    let ada = process.sign_up("ada").await;
    let key = ada.post("/v1/me/keys", json!({ "name": "import" })).await.expect(201);
    let key = key["key"].as_str().unwrap().to_owned();
    let started = std::time::Instant::now();
    let outcome = Import::open(&music).unwrap().run(&process.url, Credentials::Key(key)).await.unwrap();
    let memory = process.peak_memory();
    println!("{outcome}\nin {:.0} s, resident at most {} MB", started.elapsed().as_secs_f64(), memory >> 20);
    for track in ada.all("/v1/tracks", 10).await {
        println!("{} {} s {}", track["title"], track["duration_ms"].as_u64().unwrap() / 1000, track["audio"]);
    }
    assert_eq!(outcome.added, 2);
    assert!(memory < MOST_MEMORY, "{memory} bytes");
}

/// Noise, so that nothing about it is easy.
fn noise(seed: &mut u64) -> i16 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed & 0x3fff) as i16
}

fn wav(path: &Path, data: u32) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut header = tone(1)[..44].to_vec();
    header[4..8].copy_from_slice(&(data + 36).to_le_bytes());
    // 48 kHz, stereo, 16 bits.
    header[22..24].copy_from_slice(&2u16.to_le_bytes());
    header[24..28].copy_from_slice(&48_000u32.to_le_bytes());
    header[28..32].copy_from_slice(&192_000u32.to_le_bytes());
    header[32..34].copy_from_slice(&4u16.to_le_bytes());
    header[40..44].copy_from_slice(&data.to_le_bytes());
    file.write_all(&header).unwrap();
    let mut seed = 7;
    for _ in 0..data / 2 {
        file.write_all(&noise(&mut seed).to_le_bytes()).unwrap();
    }
    file.flush().unwrap();
}

/// A FLAC file of verbatim subframes: 4,096 samples of 16 bits, mono, 44.1 kHz, in each frame
/// ([RFC 9639](https://www.rfc-editor.org/rfc/rfc9639)).
fn flac(path: &Path, size: u64) {
    const BLOCK: usize = 4096;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    file.write_all(b"fLaC").unwrap();
    file.write_all(&[0x80, 0, 0, 34]).unwrap();
    let mut info = Vec::new();
    info.extend([0x10, 0x00, 0x10, 0x00, 0, 0, 0, 0, 0, 0]);
    // 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of samples (unknown).
    let packed = (44_100u64 << 44) | (15 << 36);
    info.extend(packed.to_be_bytes());
    info.extend([0; 16]);
    file.write_all(&info).unwrap();
    let (mut seed, mut written, mut number) = (9, 42u64, 0u32);
    while written < size {
        // Fixed block size; 4,096 samples, 44.1 kHz; mono, 16 bits.
        let mut frame = vec![0xff, 0xf8, 0xc9, 0x08];
        coded_number(&mut frame, number);
        frame.push(crc8(&frame));
        frame.push(0b0000_0010);
        for _ in 0..BLOCK {
            frame.extend(noise(&mut seed).to_be_bytes());
        }
        let check = crc16(&frame);
        frame.extend(check.to_be_bytes());
        file.write_all(&frame).unwrap();
        written += frame.len() as u64;
        number += 1;
    }
    file.flush().unwrap();
}

/// A number as UTF-8 would write it.
fn coded_number(frame: &mut Vec<u8>, number: u32) {
    let mut buffer = [0; 4];
    frame.extend(
        char::from_u32(number).expect("fewer frames than surrogates").encode_utf8(&mut buffer).bytes(),
    );
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc: u8, _| if crc & 0x80 != 0 { (crc << 1) ^ 0x07 } else { crc << 1 })
    })
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc: u16, _| {
            if crc & 0x8000 != 0 { (crc << 1) ^ 0x8005 } else { crc << 1 }
        })
    })
}
