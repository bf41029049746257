//! HTTP messages and their codecs: one neutral form, HTTP/1 as a pure machine
#![forbid(unsafe_code)]
