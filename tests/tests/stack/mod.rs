//! The gateway, the stores, the pump and the program around them.

mod crash;
mod demo;
mod events;
mod gateway;
pub(crate) mod process;
mod telemetry;
mod trust;
