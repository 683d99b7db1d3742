//! The codec over every official example, and over XML nobody should send.

mod examples;
