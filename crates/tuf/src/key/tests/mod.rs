//! What keys accept and, more than that, what they refuse.

mod signing;
