//! Tests against the real server programs of this machine. They pass as root (who hands the server to another user) and as anybody else.

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod helper;
#[cfg(test)]
mod owner;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod scratch;
#[cfg(test)]
mod sharing;
#[cfg(test)]
mod support;
