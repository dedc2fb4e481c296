"""One client request from arrival to the last byte: attempts, deadlines, keepalives, retries, response."""
