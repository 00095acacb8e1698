-- Version 2: tokens may be bound to a publisher (PEP 740), whose attestations each upload then has. NULL: to none.
ALTER TABLE token ADD COLUMN publisher TEXT;
