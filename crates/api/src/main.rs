//! `waymark`: the server and its tools. Everything is in the library.

use std::process::ExitCode;

/// Many small long-lived streams come and go; this allocator gives their memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    waymark_api::cli::main()
}
