//! Keys, their identifiers, and single signatures. Counting signatures is not done here.
