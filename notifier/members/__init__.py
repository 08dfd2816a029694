"""Who works on what: joins those that share the database, holds leases, hands them over."""
