//! PostgreSQL's messages, cut out of a stream of bytes.

/// Messages of one side: a letter, a length that counts itself, a body. The client's first one has no letter.
#[derive(Default)]
pub struct Messages {
    buffer: Vec<u8>,
    lettered: bool,
}

impl Messages {
    /// Of the server, whose messages all have a letter.
    pub fn of_the_server() -> Self {
        Self { buffer: Vec::new(), lettered: true }
    }

    /// Takes in what has arrived.
    pub fn add(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes out a whole message: its letter, 0 for the client's first, and its body.
    pub fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let letters = usize::from(self.lettered);
        let length = self.buffer.get(letters..letters + 4)?;
        let whole = letters + u32::from_be_bytes(length.try_into().ok()?) as usize;
        if self.buffer.len() < whole {
            return None;
        }
        let message: Vec<u8> = self.buffer.drain(..whole).collect();
        let letter = if self.lettered { message[0] } else { 0 };
        self.lettered = true;
        Some((letter, message[letters + 4..].to_vec()))
    }
}
