//! What tests share.

mod temp_dir;

pub(crate) use temp_dir::TempDir;
