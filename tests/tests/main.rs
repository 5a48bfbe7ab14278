//! The local stack as a whole, and what the template and the code promise each other.

mod stack;
