//! Server-sent events as a client reads them, from chunks cut anywhere.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// The type.
    pub event: String,
    /// The JSON data.
    pub data: String,
}

/// Cuts chunks into events.
#[derive(Debug, Default)]
pub struct Frames {
    line: Vec<u8>,
    frame: Frame,
}

impl Frames {
    /// The events that this chunk completes.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<Frame> {
        let mut complete = Vec::new();
        for &byte in chunk {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            complete.extend(self.line(&String::from_utf8_lossy(&line)));
        }
        complete
    }

    fn line(&mut self, line: &str) -> Option<Frame> {
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            return Some(std::mem::take(&mut self.frame)).filter(|frame| !frame.event.is_empty());
        }
        match line.split_once(": ") {
            Some(("event", event)) => event.clone_into(&mut self.frame.event),
            Some(("data", data)) => self.frame.data.push_str(data),
            // Comments, ids and retry times are of no use here.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_however_the_bytes_are_cut() {
        let text =
            "retry: 1000\n\n: ka\n\nid: 1\nevent: progress\ndata: {\"ü\": 1}\n\nid: 2\nevent: complete\ndata: {}\n\n";
        for size in 1..text.len() {
            let mut frames = Frames::default();
            let found: Vec<Frame> = text.as_bytes().chunks(size).flat_map(|chunk| frames.push(chunk)).collect();
            let events: Vec<(&str, &str)> = found.iter().map(|f| (f.event.as_str(), f.data.as_str())).collect();
            assert_eq!(events, [("progress", "{\"ü\": 1}"), ("complete", "{}")], "chunks of {size}");
        }
    }
}
