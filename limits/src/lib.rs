//! Rate and concurrency estimators with bounded memory
#![forbid(unsafe_code)]
