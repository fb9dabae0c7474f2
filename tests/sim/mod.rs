//! Whole calls in virtual time: scripted caller -> network -> leg -> call machine -> scripted providers, under invariants.

mod barge_in;
mod brain;
mod caller;
mod calls;
mod code;
mod deafness;
mod drafts;
mod ears;
mod echo;
mod faults;
mod invariants;
mod line;
mod lines;
mod models;
mod mood;
mod noises;
mod sound;
mod streams;
mod thinking;
mod voices;
mod world;
