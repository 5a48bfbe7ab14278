//! What is in a sound file or a picture that somebody uploads.
//!
//! Bytes in, facts and pictures out: nothing here knows where the bytes come from. The input is hostile: memory and
//! time are bounded whatever it claims, and what cannot be read is refused with a sentence for the person who sent it.

pub mod audio;
pub mod image;
