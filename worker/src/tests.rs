//! What holds for every endpoint, asked of each.

mod access;
mod faults;
mod input;
mod installation;
mod matrix;
mod repeats;
mod secrets;
mod writes;
