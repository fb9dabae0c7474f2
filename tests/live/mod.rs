//! Real programs, real models and real sockets on loopback: each test starts what it needs on free ports and ends it.

mod house;
mod load;
mod loss;
mod model;
mod noises;
mod oscar_program;
mod oscar_zeep;
mod postgres;
mod privacy;
mod readers;
mod server;
mod sip;
mod sip_baresip;
mod sip_baresip_phone;
mod sip_dialling;
mod sip_logs;
mod sip_peer;
mod sip_phone;
mod sip_raw;
mod sip_raw_answerer;
mod sip_raw_peer;
mod sip_serving;
mod sip_streams;
mod speech;
mod store;
mod vendor_sdks;
