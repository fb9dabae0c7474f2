//! Every test that uses only the public interface, as one binary: a module for each kind, and the front desk that they share.

mod budget;
mod corpus;
mod desk;
mod golden;
mod live;
mod logs;
mod program;
mod recorded;
mod sim;
mod wire;
