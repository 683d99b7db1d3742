//! The codec over every official example, over cases of its rules, and over XML nobody should send.

mod examples;
mod hostile;
mod reading;
mod writing;
