//! Every test that uses only the public interface, as one binary: a module for each kind.

mod corpus;
mod golden;
mod live;
mod sim;
mod wire;
