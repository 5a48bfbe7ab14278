//! Tracks, artists and albums.
