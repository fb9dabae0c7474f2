//! Media streams against the real server: carriers played by a WebSocket client, their HTTP interface by a mock.

mod carriers;
mod refusals;
mod telnyx;
