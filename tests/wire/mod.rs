//! Golden texts and bytes of every protocol we speak, and hostile input to each.

mod sdp;
