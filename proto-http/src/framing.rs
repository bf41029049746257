//! How long a body is (RFC 9112 §6.3): one pure function per role.
