//! Backend sets, selection and health
#![forbid(unsafe_code)]
